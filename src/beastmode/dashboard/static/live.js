// Keeps a page as fresh as what was recorded: the server says when something has changed, the page asks for itself again.
"use strict";
(() => {
  const shown = document.getElementById("live");
  let seen = document.body.dataset.version || null; // what is shown is not older than this
  let mark = ""; // of what is shown
  let asking = false;
  let missed = false;

  function ask() {
    if (document.hidden || asking) {
      missed = true;
      return;
    }
    asking = true;
    missed = false;
    htmx.trigger(document.body, "changed");
  }

  function tell(state, words) {
    if (!shown) return;
    shown.dataset.state = state;
    shown.textContent = words;
  }

  // Times in the viewer's own zone.
  function localise() {
    for (const time of document.querySelectorAll("time[datetime]")) {
      time.title = time.getAttribute("datetime");
      time.textContent = new Date(time.title).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
    }
  }

  // What a person has opened or is filling in stays as it is.
  Idiomorph.defaults.ignoreActiveValue = true;
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => {
    if (node.tagName === "DETAILS" && name === "open") return false;
    return !(node.form && node.form.dataset.touched);
  };
  document.addEventListener("input", (event) => event.target.form && (event.target.form.dataset.touched = "yes"));

  // A version names its sources, `runs=12 requests=7`; a page says which it is about. In another life of the server the
  // same numbers may mean something else.
  function isAboutMe(before, now) {
    const about = ["life", ...document.getElementById("main").dataset.about.split(" ")];
    const was = new Set(before.split(" "));
    return now.split(" ").some((part) => !was.has(part) && about.includes(part.split("=")[0]));
  }

  function follow(address) {
    const source = new EventSource(address);
    source.onmessage = (event) => {
      tell("live", "live");
      if (seen !== null && isAboutMe(seen, event.data)) ask();
      seen = event.data;
    };
    source.onerror = () => {
      // Cut off, the browser tries again by itself; refused, it does not.
      if (source.readyState === EventSource.CLOSED) tell("lost", "ended: load this page again");
      else tell("lost", "reconnecting");
    };
  }

  if (document.body.dataset.events) follow(document.body.dataset.events);
  document.addEventListener("visibilitychange", () => missed && ask());
  document.body.addEventListener("htmx:afterSettle", localise);
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) location.reload(); // the key is good no more: this asks for another
  });
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id === "main" && mark) event.detail.headers["If-None-Match"] = mark;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr } = event.detail;
    if (elt.id === "main" && xhr.status) mark = xhr.getResponseHeader("ETag") || "";
    asking = false;
    if (missed) ask();
  });
  localise();
})();

// Keeps a page as fresh as what was recorded: the server says when something has changed, the page asks for itself again
// and takes over what differs. Whoever needs to know listens to `shown` on the document.
"use strict";
(() => {
  const light = document.getElementById("live");
  let seen = document.body.dataset.version; // what the page was made of, then what the server told last
  let away = false; // it could not be reached since
  let old = false; // the page is older than that version
  let mark = ""; // of the page as it is shown
  let asking = false;

  // What a person has opened, or is filling in, stays as it is.
  Idiomorph.defaults.ignoreActiveValue = true;
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
    !(node.tagName === "DETAILS" && name === "open") && !(node.form && node.form.dataset.touched);
  document.addEventListener("input", (event) => {
    if (event.target.form) event.target.form.dataset.touched = "yes";
  });

  async function refresh() {
    old = true;
    if (asking || document.hidden) return;
    asking = true;
    try {
      while (old) {
        old = false;
        const answer = await fetch(location.href, { cache: "no-cache", headers: mark ? { "If-None-Match": mark } : {} });
        mark = answer.headers.get("ETag") || "";
        if (answer.status === 401) return location.reload(); // the key does not open it any more
        if (answer.status !== 304) show(await answer.text());
      }
    } catch {
      away = true; // it is asked again when the server is back
    } finally {
      asking = false;
    }
  }

  function show(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const main = page.getElementById("main");
    if (main === null) return location.reload();
    document.title = page.title;
    Idiomorph.morph(document.getElementById("main"), main);
    document.dispatchEvent(new Event("shown"));
  }

  // A version names its sources, `runs=12 requests=7`; a page says which it is about, and so may
  // a part of it. In another life of the server the
  // same numbers mean something else.
  function isAboutMe(version) {
    const parts = document.querySelectorAll("#main, #main [data-about]");
    const about = ["life", ...[...parts].flatMap((one) => one.dataset.about.split(" "))];
    const was = new Set(seen.split(" "));
    return version.split(" ").some((part) => !was.has(part) && about.includes(part.split("=")[0]));
  }

  function tell(state, words) {
    light.dataset.state = state;
    light.textContent = words;
  }

  // Times in the viewer's own zone.
  function localise() {
    for (const time of document.querySelectorAll("time[datetime]")) {
      time.title = time.getAttribute("datetime");
      time.textContent = new Date(time.title).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
    }
  }

  function follow(address) {
    const source = new EventSource(address);
    source.onmessage = (event) => {
      tell("live", "live");
      if (away || isAboutMe(event.data)) refresh();
      away = false;
      seen = event.data;
    };
    source.onerror = () => {
      away = true;
      // Cut off, the browser tries again by itself; refused, it does not.
      if (source.readyState === EventSource.CLOSED) tell("lost", "ended: load this page again");
      else tell("lost", "reconnecting");
    };
  }

  if (document.body.dataset.events) follow(document.body.dataset.events); // the page that asks for a key has none
  document.addEventListener("visibilitychange", () => old && refresh());
  document.addEventListener("shown", localise);
  localise();
})();

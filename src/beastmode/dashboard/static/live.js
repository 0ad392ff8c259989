// Keeps a page as fresh as what was recorded: the server says when something has changed, the page asks for itself again.
"use strict";
(() => {
  const shown = document.getElementById("live");
  let seen = null;
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

  const source = new EventSource(document.body.dataset.events);
  source.onmessage = (event) => {
    tell("live", "live");
    if (seen !== null && seen !== event.data) ask();
    seen = event.data;
  };
  source.onerror = () => tell("lost", "reconnecting"); // the browser tries again by itself
  document.addEventListener("visibilitychange", () => missed && ask());
  document.body.addEventListener("htmx:afterSettle", localise);
  document.body.addEventListener("htmx:afterRequest", () => {
    asking = false;
    if (missed) ask();
  });
  localise();
})();

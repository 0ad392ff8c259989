// A log that grows is followed at its end, unless its reader has scrolled up.
"use strict";
(() => {
  const NEAR_PX = 24;
  const left = new Set(); // of ids: a morph may put another element in its place

  const isLog = (node) => node.nodeType === 1 && node.matches("pre.log");

  document.addEventListener(
    "scroll",
    (event) => {
      const log = event.target;
      if (!isLog(log)) return;
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
      if (atEnd) left.delete(log.id);
      else left.add(log.id);
    },
    true, // scrolling does not bubble
  );

  function follow() {
    for (const log of document.querySelectorAll("pre.log")) {
      if (!left.has(log.id)) log.scrollTop = log.scrollHeight;
    }
  }

  document.addEventListener("shown", follow);
  follow();
})();

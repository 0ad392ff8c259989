// Copies what a button names to the clipboard, and says so. Without this script the text can be selected.
"use strict";
(() => {
  function show() {
    for (const button of document.querySelectorAll("button.copy")) button.hidden = !navigator.clipboard;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const said = button.parentElement.querySelector("[role=status]");
    const text = document.getElementById(button.dataset.copies).textContent;
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "The browser does not allow it. Select the text and copy it.";
    }
  });
  document.body.addEventListener("htmx:afterSettle", show); // the page comes again without it
  show();
})();

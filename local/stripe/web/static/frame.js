// Inside the frame: tell the page around it how tall the form is, and when it is paid.
"use strict";

const tell = (message) => window.parent.postMessage({ standIn: "checkout", ...message }, "*");

const done = document.getElementById("done");
if (done) {
  tell({ is: "complete", onward: done.dataset.onward || null });
}
new ResizeObserver(() => tell({ is: "height", pixels: document.documentElement.offsetHeight })).observe(
  document.documentElement,
);

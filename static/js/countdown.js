// Clocks that run: down to [data-deadline], up from [data-since]; and rings that empty with them. Without script the page shows the instant itself.
//
//   <time class="clock" datetime="…" data-deadline="2026-11-23T14:32:00Z" data-over="Time is up">12:04</time>
//   <time class="clock" datetime="…" data-since="…" data-limit="300">2:41</time>       turns .is-late after 300 s
//   <circle class="ring-arc" pathLength="100" data-ring-from="…" data-ring-to="…">      empties from one instant to the other

import { now } from "./clock.js";

const two = (number) => String(number).padStart(2, "0");

const face = (seconds) => {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
};

const show = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const down = (element) => {
  const left = Math.ceil((Date.parse(element.dataset.deadline) - now()) / 1000);
  if (Number.isNaN(left)) return;
  element.classList.toggle("is-late", left <= Number(element.dataset.hurry ?? 0));
  // Past the end the server decides what is true; here it only stops, and the next snapshot tells.
  show(element, left > 0 ? face(left) : element.dataset.over ?? face(0));
};

const up = (element) => {
  const gone = Math.max(0, Math.floor((now() - Date.parse(element.dataset.since)) / 1000));
  if (Number.isNaN(gone)) return;
  show(element, face(gone));
  element.classList.toggle("is-late", gone > Number(element.dataset.limit ?? Infinity));
};

const ring = (circle) => {
  const from = Date.parse(circle.dataset.ringFrom);
  const to = Date.parse(circle.dataset.ringTo);
  const left = Math.min(1, Math.max(0, (to - now()) / (to - from)));
  if (Number.isNaN(left)) return;
  circle.setAttribute("stroke-dasharray", `${(left * 100).toFixed(2)} 100`);
};

const tick = () => {
  document.querySelectorAll("[data-deadline]").forEach(down);
  document.querySelectorAll("[data-since]").forEach(up);
  document.querySelectorAll("[data-ring-from]").forEach(ring);
};

tick();
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
document.addEventListener("swapline:shown", tick);

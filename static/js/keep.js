// Starts the service worker (/sw.js), and keeps its store honest: what is kept of a person goes with their sign-out.
//
//   <form method="post" action="/sign-out/" data-signs-out>

const OWN = "own";
const CLAIM = "/kept/here";
const BOOKING = /^\/b\/[0-9a-f-]{36}\/$/;

/** What the worker should hear: the one that answers this page, or the one that has just been started. */
const tell = async (message) => (await navigator.serviceWorker.ready).active?.postMessage(message);

const start = async () => {
  const wasThere = navigator.serviceWorker.controller !== null;
  // Without "none" the browser would take parts of a new worker from its cache.
  await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" });
  if (!wasThere && BOOKING.test(location.pathname)) await tell({ type: "keep", path: location.pathname });
  await sendKept();
};

/** "I'm here", tapped without network: whichever page is open when the network is back sends it. */
const sendKept = async () => {
  const own = await caches.has(OWN) && await caches.open(OWN);
  if (own && await own.match(CLAIM)) await tell({ type: "send-here" });
};

if (navigator.serviceWorker && window.caches) {
  // In private windows, or where a person has forbidden it, there is none; everything else works.
  // It fetches all of the app's files for later; on a slow line the page itself comes first.
  if (document.readyState === "complete") start().catch(() => {});
  else addEventListener("load", () => start().catch(() => {}));
  addEventListener("online", sendKept);
  document.addEventListener("swapline:true", sendKept);
  document.addEventListener("submit", (event) => {
    // The worker does it as well; this also holds for a page that was loaded past it.
    if (event.target.hasAttribute("data-signs-out")) caches.delete(OWN);
  });
}

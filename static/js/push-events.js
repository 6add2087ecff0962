// What the service worker does when a push message comes: show it, and lead to its page on a tap. A classic script: /sw.js imports it.
// In a block, since a classic script shares its names with whoever imports it.
{
  const read = (event) => {
    try {
      return event.data.json();
    } catch {
      // Something must be shown for each message, or the browser shows a sentence of its own.
      return { title: "Swapline" };
    }
  };

  const show = async (said) => {
    const already = said.tag ? await self.registration.getNotifications({ tag: said.tag }) : [];
    await self.registration.showNotification(said.title, {
      body: said.body,
      lang: said.lang,
      icon: said.icon,
      tag: said.tag,
      // News about a booking replaces what was said of it before, and is heard; the same notice a second time is not.
      renotify: Boolean(said.tag) && !already.some((one) => one.data?.id === said.id),
      data: { url: said.url, id: said.id },
    });
  };

  const open = async (url) => {
    const target = new URL(url ?? "/", self.location.origin);
    if (target.origin !== self.location.origin) return;
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = pages.find((page) => new URL(page.url).pathname === target.pathname);
    await (there ? there.focus() : self.clients.openWindow(target.href));
  };

  const renew = async ({ oldSubscription, newSubscription }) => {
    if (!oldSubscription) return;
    const fresh = newSubscription ?? (await self.registration.pushManager.subscribe(oldSubscription.options));
    const { endpoint, keys } = fresh.toJSON();
    const body = new URLSearchParams({ old_endpoint: oldSubscription.endpoint, endpoint, p256dh: keys.p256dh, auth: keys.auth });
    await fetch(self.swapline.renewed, { method: "POST", body, credentials: "same-origin" });
  };

  self.addEventListener("push", (event) => event.waitUntil(show(read(event))));

  self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(open(event.notification.data?.url));
  });

  self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));
}

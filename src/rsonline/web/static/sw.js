// The service worker: without a connection the daily forms open all the same. It keeps the files of the pages, and
// shells of the daily forms that it asks for without a cookie: what it keeps is the same for everybody and names
// nobody. The service puts SHELL before this text: version, files, pages, and the addresses of the forms' shells.
"use strict";

const CACHE = `rsonline-${SHELL.version}`;
const LANGUAGE = "/luring/bahasa";
const PATIENCE = 8000;
const MACHINES = /^\/(fo|api|docs|statis|\.well-known)(\/|$)/i;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll([...SHELL.files, ...SHELL.pages].map((address) => new Request(address, { credentials: "omit" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  const language = event.data && event.data.language === "en" ? "en" : "id";
  event.waitUntil(caches.open(CACHE).then((cache) => cache.put(LANGUAGE, new Response(language))));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (SHELL.files.includes(address.pathname)) event.respondWith(file(request));
  else if (request.mode === "navigate" && !MACHINES.test(address.pathname)) event.respondWith(page(request, address));
});

/** A file of the pages: its address holds a digest of its contents, so the kept one is the right one. */
async function file(request) {
  return (await caches.match(request.url)) || fetch(request);
}

/** The page itself; where nobody answers, or a gateway says that nobody does, a shell. */
async function page(request, address) {
  const form = /^\/harian\/([a-z_]+)(\/|$)/.exec(address.pathname);
  const shell = form && SHELL.forms.includes(`/luring/${form[1]}`) ? `/luring/${form[1]}` : "/luring";
  const late = shell === "/luring" ? null : new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE));
  let answer = null;
  try {
    answer = await (late ? Promise.race([fetch(request), late]) : fetch(request));
  } catch (error) {
    return (await kept(shell)) || Promise.reject(error);
  }
  if (answer && ![502, 503, 504].includes(answer.status)) return answer;
  return (await kept(shell)) || answer || fetch(request);
}

async function kept(shell) {
  const cache = await caches.open(CACHE);
  const said = await cache.match(LANGUAGE);
  return cache.match(`${shell}?bahasa=${said ? await said.text() : "id"}`);
}

// Keeps the app's own files, so that it opens without its server; balances always come from the network, with their proofs.
const KEPT = 'smartshare-app'
const MAX_KEPT_FILES = 200

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin || url.pathname === '/health') return
  event.respondWith(url.pathname.startsWith('/assets/') ? keptFirst(request) : networkFirst(request))
})

/** Files whose name says their content never change. */
async function keptFirst(request) {
  const known = await caches.match(request)
  if (known) return known
  const response = await fetch(request)
  if (response.ok) await keep(request, response.clone())
  return response
}

async function networkFirst(request) {
  const key = request.mode === 'navigate' ? new Request('/') : request
  try {
    const response = await fetch(request)
    if (response.ok) await keep(key, response.clone())
    return response
  } catch (error) {
    const known = await caches.match(key)
    if (known) return known
    throw error
  }
}

async function keep(request, response) {
  const cache = await caches.open(KEPT)
  await cache.put(request, response)
  const keys = await cache.keys()
  // The oldest go first: those of earlier builds.
  for (const old of keys.slice(0, Math.max(0, keys.length - MAX_KEPT_FILES))) await cache.delete(old)
}

// The service worker: keeps what the page is made of, for when there is no network. The network goes first, so a new release
// shows at once. Requests to the API are none of its business.

const kVersion = 'febaf3895457' // of the files below, as tests/tidy/page_test says; a new one has browsers fetch them all
const kFiles = [
  '/',
  '/app/account.js',
  '/app/account_view.js',
  '/app/app.css',
  '/app/boot.js',
  '/app/database.js',
  '/app/edits.js',
  '/app/icon.svg',
  '/app/list.css',
  '/app/list.js',
  '/app/list_view.js',
  '/app/main.js',
  '/app/move.js',
  '/app/service.js',
  '/app/store.js',
  '/app/sync.js',
  '/vendor/lit-html/directive-helpers.js',
  '/vendor/lit-html/directive.js',
  '/vendor/lit-html/directives/live.js',
  '/vendor/lit-html/directives/repeat.js',
  '/vendor/lit-html/lit-html.js',
]
const kPatience = 4000 // ms for a network that neither answers nor fails

const opened = caches.open(`page-${kVersion}`)

addEventListener('install', (event) => {
  const fresh = kFiles.map((file) => new Request(file, { cache: 'no-cache' }))
  event.waitUntil(opened.then((cache) => cache.addAll(fresh)))
  skipWaiting()
})
addEventListener('activate', (event) => {
  const sooner = registration.navigationPreload?.enable() // the page is asked for while this here is still starting
  event.waitUntil(Promise.all([clients.claim(), forgetOthers(), sooner]))
})

async function forgetOthers() {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name !== `page-${kVersion}`).map((name) => caches.delete(name)))
}

// A page that came from here gets all its files from here, so that none of another release is among them.
const ours = new Set()

const late = () => new Promise((resolve) => setTimeout(resolve, kPatience))

async function page(event) {
  const answer = async () => (await event.preloadResponse) ?? fetch(event.request)
  const fresh = await Promise.race([answer().catch(() => null), late()])
  if (fresh?.ok) return fresh
  const kept = await (await opened).match('/')
  if (kept) ours.add(event.resultingClientId)
  return kept ?? fresh ?? Response.error()
}

async function file(event) {
  const answer = ours.has(event.clientId) ? null : fetch(event.request).catch(() => null)
  const fresh = await Promise.race([answer, late()])
  if (fresh?.ok) return fresh
  const kept = await (await opened).match(event.request)
  if (kept) ours.add(event.clientId) // what it asks for next is of the same release then, and here at once
  return kept ?? (await answer) ?? Response.error()
}

addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin || !kFiles.includes(pathname)) return
  event.respondWith(request.mode === 'navigate' ? page(event) : file(event))
})

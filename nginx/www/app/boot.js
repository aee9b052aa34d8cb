// Begins: lets the browser paint what index.html has, and then fetches all modules side by side, which it would else find
// one after the other.

const kModules = [
  '/app/account.js',
  '/app/account_view.js',
  '/app/database.js',
  '/app/edits.js',
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

async function start() {
  for (const href of kModules) document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href }))
  try {
    await import('/app/main.js')
  } catch (error) {
    document.querySelector('.status').textContent ||= 'The page could not be fetched as a whole. Load it again.'
    throw error
  }
}

if (document.hidden) start() // nothing is painted
else requestAnimationFrame(() => setTimeout(start))

// Requests to the service: who is signed in, and what each way to fail means. The browser holds the session in cookies
// that no script sees (docs/api.md, "Cookies").

/** No answer: no network, or nobody there. */
export class Offline extends Error {}
/** Come back in `seconds`. */
export class Busy extends Error {
  constructor(seconds) {
    super(`The server is busy for ${seconds} s.`)
    this.seconds = seconds
  }
}
/** The session has ended, or there was none. */
export class SignedOut extends Error {}
/** It will not be done: `code` of the problem, its `status`, a sentence in `message`. */
export class Refused extends Error {
  constructor(status, { type = '', title, detail, errors = [] }) {
    super(errors.length > 0 ? errors.map((error) => error.detail).join(' ') : (detail ?? title ?? `The server says ${status}.`))
    this.status = status
    this.code = type.split('/').at(-1)
  }
}

const kPatience = 15_000 // ms: the service itself gives up after 5 s
const kLookAgain = 500 // ms
const kClosed = 2000 // ms: a tab that goes on so long is not being closed
const kBusy = [408, 429, 500, 502, 503, 504]
const kEndOfSession = ['not-signed-in', 'invalid-token', 'revoked']
const kEarly = 30_000 // ms before the access token ends: a request may be on its way that long

async function ask(method, path, { body, headers = {}, keepalive = false } = {}) {
  let answer, json
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store',
      redirect: 'error',
      keepalive,
      signal: AbortSignal.timeout(kPatience),
    })
    const text = await answer.text()
    json = text === '' ? null : JSON.parse(text)
  } catch {
    throw new Offline() // or somebody in between has answered, who wants a person to sign in to a network for instance
  }
  if (answer.ok) return { json, headers: answer.headers }
  const refused = new Refused(answer.status, json ?? {})
  if (kBusy.includes(answer.status) || refused.code === 'request-in-progress') {
    const seconds = Math.max(1, Number(answer.headers.get('Retry-After')) || 1)
    throw new Busy(seconds * (1 + Math.random() / 4)) // not all who were sent away come back at the same moment
  }
  throw refused
}

// Until when the access token is good, for all tabs: they have the same cookies. Empty: nobody has signed in here.
const kUntil = 'todos-signed-in-until'
// When a tab asked for the next tokens that has no answer yet. Where it is there in another tab's turn, that one was closed.
const kRefreshed = 'todos-refreshed-at'
const goodUntil = () => localStorage.getItem(kUntil) ?? ''
const forgetAsking = () => localStorage.removeItem(kRefreshed)
let over = false // there are no cookies that this tab should look for
function remember(seconds) {
  over = false
  localStorage.setItem(kUntil, String(Date.now() + seconds * 1000))
  forgetAsking()
}
export function forgetSession() {
  over = true
  localStorage.removeItem(kUntil)
  forgetAsking()
}

/** What a closed tab has asked for may still come: the same token once more would end the session. The answer: whether it came. */
async function isRefreshed() {
  while (Math.abs(Date.now() - Number(localStorage.getItem(kRefreshed))) < kPatience) {
    try {
      await ask('GET', '/v1/account')
      return true
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, kLookAgain))
  }
  return false
}

/** A refresh token is good once: tabs take turns, and one that comes second finds it done. */
function refresh(seen) {
  return navigator.locks.request('todos-session', async () => {
    if (goodUntil() !== seen || (await isRefreshed())) return
    localStorage.setItem(kRefreshed, String(Date.now()))
    try {
      // It goes on when the page is closed: its answer has the next refresh token.
      remember((await ask('POST', '/v1/sessions/refresh', { body: {}, keepalive: true })).json.expires_in)
    } catch (error) {
      setTimeout(forgetAsking, kClosed) // browsers let a request fail when its tab is being closed
      if (!(error instanceof Refused && [401, 422].includes(error.status))) throw error // 422: the cookie is gone
      forgetSession()
      throw new SignedOut()
    }
  })
}

/** Whether this service has accounts: with --anonymous-owner everybody acts for the same one, which nobody can change. */
export async function hasAccounts() {
  return /PATCH/.test((await ask('OPTIONS', '/v1/account')).headers.get('Allow'))
}

/** A request that is signed in. Refreshes the session before it ends, and where the service says that it has. */
export async function send(method, path, options) {
  const seen = goodUntil()
  if (seen !== '' && Date.now() > Number(seen) - kEarly) await refresh(seen)
  const used = goodUntil()
  try {
    return await ask(method, path, options)
  } catch (error) {
    if (!(error instanceof Refused && error.status === 401 && kEndOfSession.includes(error.code))) throw error
    await refresh(used)
    return await ask(method, path, options)
  }
}

/** Begins a session: the answer's account. `path` is /v1/accounts or /v1/sessions. */
export async function signIn(path, credentials) {
  return navigator.locks.request('todos-session', async () => {
    const { json } = await ask('POST', path, { body: { ...credentials, cookie: true }, keepalive: true })
    remember(json.expires_in)
    return json.account
  })
}

/**
 * Whether there are good cookies of which nothing here says so: browsers throw away what scripts keep, and not these. They
 * complain of the answer where there are none.
 */
async function findCookies() {
  if (over) return false
  try {
    await refresh('')
    return true
  } catch (error) {
    if (!(error instanceof SignedOut || error instanceof Refused)) throw error
    forgetSession()
    return false
  }
}

/** Whose cookies the browser has; null where nobody has signed in here, or the session has ended. `look`: for lost ones too. */
export async function currentAccount({ look = false } = {}) {
  if (goodUntil() === '' && !(look && (await findCookies()))) return null
  try {
    return (await send('GET', '/v1/account')).json
  } catch (error) {
    if (error instanceof SignedOut || error.status === 404) return null // 404: the account was removed just now
    throw error
  }
}

/** For who follows a link of a mail: nobody needs to be signed in. */
export const confirm = (path, body) => ask('POST', path, { body })

/** All todos, page by page. */
export async function readAll() {
  const todos = []
  for (let path = '/v1/todos?limit=200'; path; ) {
    const { json, headers } = await send('GET', path)
    todos.push(...json)
    const next = /<([^>]+)>; rel="next"/.exec(headers.get('Link') ?? '')
    path = next && `/v1/todos${new URL(next[1], location).search}`
  }
  return todos
}

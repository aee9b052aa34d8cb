// What the network does to the page: away, slow, busy, lost answers; and the server behind it, stopped and started.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { comesTo, same } from '../harness.mjs'
import { newEmail, password, stack } from './visitor.mjs'

const run = promisify(execFile)
const kAway = /Failed to load resource: net::ERR_(INTERNET_DISCONNECTED|FAILED|CONNECTION_REFUSED|EMPTY_RESPONSE|CONNECTION_RESET)/
const kState = process.env.STACK_STATE
const kWrites = ['PUT', 'PATCH', 'DELETE']

const kind = (visitor) => visitor.page.locator('.status').getAttribute('data-kind')
const writesOf = (asked) => asked.filter(({ method, path }) => kWrites.includes(method) && path.startsWith('/v1/todos'))
const keyOf = ({ headers }) => headers['idempotency-key']

const token = async (visitor) => (await visitor.context.cookies()).find(({ name }) => name === 'todo_access').value

/** What the network does to the page's next writes, one after the other: route => ... */
async function spoil(visitor, ...faults) {
  await visitor.context.route('**/v1/todos/*', (route) => {
    const fault = kWrites.includes(route.request().method()) && faults.shift()
    return fault ? fault(route) : route.continue()
  })
}
const answerIsLost = async (route) => {
  await route.fetch()
  await route.abort()
}
const answers = (status, retry_after) => (route) => route.fulfill({ status, headers: { 'Retry-After': String(retry_after) } })
const isStillAtIt = (route) =>
  route.fulfill({
    status: 409,
    headers: { 'Retry-After': '1' },
    contentType: 'application/problem+json',
    body: '{"type":"/problems/request-in-progress","title":"Request in progress","status":409}',
  })
const refuses = (route) =>
  route.fulfill({
    status: 422,
    contentType: 'application/problem+json',
    body: '{"type":"/problems/invalid-fields","title":"Invalid fields","status":422,"errors":[{"pointer":"/title","detail":"No such title."}]}',
  })

/** The answer: the email. */
async function signsUpUnanswered(visitor) {
  await visitor.addAndSave('water the plants')
  await visitor.context.route('**/v1/account', answerIsLost, { times: 1 })
  const email = newEmail()
  await visitor.openAccount()
  await visitor.submit({ email, password })
  await comesTo(() => visitor.wrong(), 'The server cannot be reached. Try again when you are online.')
  return email
}

export const network = {
  'what is done offline shows at once, outlives a reload, and is on the service afterwards': async (visitor) => {
    await visitor.addAndSave('water the plants', 'buy soil', 'feed the cat')
    await visitor.page.evaluate(() => navigator.serviceWorker.ready)
    await visitor.goOffline()
    await visitor.add('sweep the floor', 'sweep the stairs')
    await visitor.toggle('water the plants')
    await visitor.rename('buy soil', 'buy much soil')
    await visitor.remove('feed the cat')
    await visitor.moveUp('sweep the floor')
    const after = ['water the plants', 'sweep the floor', 'buy much soil', 'sweep the stairs']
    await visitor.shows(...after)
    await comesTo(() => visitor.status(), 'Offline. 6 changes are kept here.')
    same(await kind(visitor), 'offline')

    await visitor.reload()
    await visitor.shows(...after)
    same(await visitor.row('water the plants').getAttribute('class').then((is) => is.trim()), 'completed')
    await comesTo(() => visitor.status(), 'Offline. 6 changes are kept here.')

    await visitor.goOnline()
    await visitor.saved()
    same(await visitor.doneOnServer(), after.map((title) => [title, title === 'water the plants']))
    await comesTo(() => visitor.status(), 'Saved')
    await visitor.shows(...after)
  },
  'the sign shows that a first todo is under way, also before there is an account': async (visitor) => {
    let go
    const held = new Promise((resolve) => (go = resolve))
    await visitor.context.route('**/v1/accounts', async (route) => route.continue(await held))
    await visitor.add('water the plants')
    await comesTo(() => visitor.status(), 'Saving…')
    go()
    await visitor.saved()
    await comesTo(() => visitor.status(), 'Saved')
  },
  'a first visit that goes offline before anything is written has its account later': async (visitor) => {
    await visitor.goOffline()
    await visitor.add('water the plants')
    await comesTo(() => visitor.status(), 'Offline. 1 change is kept here.')
    await visitor.goOnline()
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants'])
  },
  'many todos written offline arrive once each, in their order': async (visitor) => {
    const titles = Array.from({ length: 30 }, (_, i) => `todo ${i + 1}`)
    await visitor.goOffline()
    await visitor.add(...titles)
    const asked = visitor.watch()
    await visitor.goOnline()
    await visitor.saved()
    same(await visitor.titlesOnServer(), titles)
    same(writesOf(asked).length, titles.length)
  },
  'a todo that comes and goes offline is deleted on the service too': async (visitor) => {
    await visitor.goOffline()
    await visitor.add('water the plants', 'buy soil')
    await visitor.rename('buy soil', 'buy much soil')
    await visitor.remove('buy much soil')
    await visitor.shows('water the plants')
    await visitor.goOnline()
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants'])
  },
  'each write has an Idempotency-Key of its own, and says what it builds on': async (visitor) => {
    const asked = visitor.watch()
    await visitor.addAndSave('water the plants', 'buy soil')
    await visitor.toggle('water the plants')
    await visitor.rename('buy soil', 'buy much soil')
    await visitor.moveUp('buy much soil')
    await visitor.remove('water the plants')
    await visitor.saved()
    const writes = writesOf(asked)
    same(writes.map(({ method }) => method).sort(), ['DELETE', 'PATCH', 'PATCH', 'PATCH', 'PUT', 'PUT'])
    same(new Set(writes.map(keyOf)).size, writes.length)
    for (const { method, headers } of writes) {
      const condition = method === 'PUT' ? headers['if-none-match'] : headers['if-match']
      same([method, method === 'PUT' ? condition === '*' : /^"\d+-\d+"$/.test(condition)], [method, true])
    }
  },
  'an answer that is lost leads to one todo, one change and one deletion': async (visitor) => {
    visitor.expect(kAway)
    const asked = visitor.watch()
    await spoil(visitor, answerIsLost)
    await visitor.addAndSave('water the plants', 'buy soil')
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil'])
    await spoil(visitor, answerIsLost)
    await visitor.rename('water the plants', 'water them all')
    await visitor.saved()
    same((await visitor.onServer()).map(({ title, version }) => [title, version]), [['water them all', 2], ['buy soil', 1]])
    await spoil(visitor, answerIsLost)
    await visitor.remove('buy soil')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them all'])
    same([writesOf(asked).length, new Set(writesOf(asked).map(keyOf)).size], [7, 4])
    same(await visitor.page.locator('.notice', { hasText: 'copy' }).count(), 0)
  },

  'a busy server is waited for as long as it asks, with a quiet sign': async (visitor) => {
    visitor.expect(/status of (429|503)/)
    await visitor.addAndSave('water the plants')
    await spoil(visitor, answers(429, 2), answers(503, 2))
    const asked = visitor.watch()
    const hasShown = await visitor.watchStatus()
    await visitor.toggle('water the plants')
    await comesTo(() => hasShown('busy', /^The server is busy. Going on in [123] seconds?\. 1 change is kept here\.$/), true)
    await visitor.page.evaluate(() => dispatchEvent(new Event('online'))) // no reason to be early
    await visitor.saved()
    same(await visitor.doneOnServer(), [['water the plants', true]])
    const [first, second, third, ...more] = writesOf(asked)
    same([second.at - first.at >= 2000, third.at - second.at >= 2000, more.length], [true, true, 0])
    await comesTo(() => visitor.status(), 'Saved')
  },
  'a change that the service is still at is sent again until it is confirmed': async (visitor) => {
    visitor.expect(/status of 409/)
    await visitor.addAndSave('water the plants')
    await spoil(visitor, isStillAtIt, isStillAtIt)
    const asked = visitor.watch()
    await visitor.toggle('water the plants')
    await visitor.saved()
    same(await visitor.doneOnServer(), [['water the plants', true]])
    same([writesOf(asked).length, new Set(writesOf(asked).map(keyOf)).size], [3, 1])
    await comesTo(() => visitor.status(), 'Saved')
  },
  'several tabs wait for a busy server together': async (visitor) => {
    visitor.expect(/status of 503/)
    await visitor.addAndSave('water the plants')
    await visitor.openTab()
    await visitor.openTab()
    await spoil(visitor, answers(503, 2))
    const asked = visitor.watch()
    await visitor.toggle('water the plants')
    await visitor.saved()
    const [first, second, ...more] = writesOf(asked)
    same([second.at - first.at >= 2000, more.length], [true, 0])
  },
  'a change that is refused holds nothing else up, and can be tried again': async (visitor) => {
    visitor.expect(/status of 422/)
    await visitor.addAndSave('water the plants')
    await spoil(visitor, refuses)
    await visitor.rename('water the plants', 'water them all')
    await comesTo(() => kind(visitor), 'refused')
    same((await visitor.status()).startsWith('“water them all”: No such title.'), true)
    await visitor.add('buy soil')
    await comesTo(() => visitor.titlesOnServer(), ['water the plants', 'buy soil'])
    await visitor.page.getByRole('button', { name: 'Try again' }).click()
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them all', 'buy soil'])
    await comesTo(() => visitor.status(), 'Saved')
  },
  'a change that is refused can be given up': async (visitor) => {
    visitor.expect(/status of 422/)
    await visitor.addAndSave('water the plants')
    await spoil(visitor, refuses)
    await visitor.rename('water the plants', 'water them all')
    await visitor.page.getByRole('button', { name: 'Give up the change' }).click()
    await visitor.notice('1 change given up.')
    await visitor.shows('water the plants')
    await comesTo(() => visitor.status(), 'Saved')
    await visitor.reload()
    await visitor.shows('water the plants')
    same(await visitor.titlesOnServer(), ['water the plants'])
  },
  'of several changes that are refused one is given up at a time': async (visitor) => {
    visitor.expect(/status of 422/)
    await visitor.addAndSave('water the plants', 'buy soil')
    await spoil(visitor, refuses, refuses)
    await visitor.rename('water the plants', 'water them all')
    await visitor.rename('buy soil', 'buy much soil')
    const says = async (words) => (await visitor.status()).startsWith(words)
    await comesTo(() => says('“water them all”: No such title.'), true)
    await visitor.page.getByRole('button', { name: 'Give up the change' }).dblclick()
    await visitor.shows('water the plants', 'buy much soil')
    await comesTo(() => says('“buy much soil”: No such title.'), true)
    await visitor.page.getByRole('button', { name: 'Give up the change' }).click()
    await visitor.shows('water the plants', 'buy soil')
    await comesTo(() => visitor.status(), 'Saved')
  },

  'an access token that has ended is refreshed without a word, once for all tabs': async (visitor) => {
    visitor.expect(/status of 401/)
    await visitor.addAndSave('water the plants')
    const tabs = [visitor, await visitor.anotherTab(), await visitor.anotherTab()]
    await visitor.goOffline()
    await visitor.add('buy soil', 'feed the cat', 'sweep the floor')
    await visitor.context.clearCookies({ name: 'todo_access' })
    const asked = visitor.watch()
    await visitor.goOnline() // all tabs fetch, and the first to do so has several writes to send at once
    await visitor.saved()
    await comesTo(() => asked.filter(({ path }) => path === '/v1/todos').length >= tabs.length, true)
    same(asked.filter(({ path }) => path === '/v1/sessions/refresh').length, 1)
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil', 'feed the cat', 'sweep the floor'])
    same([await visitor.page.locator('.notice').count(), await visitor.accountButton()], [0, 'Sign up'])
  },
  'an access token that is about to end is refreshed before the browser can complain': async (visitor) => {
    await visitor.addAndSave('water the plants')
    const refreshToken = async () => (await visitor.context.cookies()).find(({ name }) => name === 'todo_refresh').value
    const before = await refreshToken()
    await visitor.page.evaluate(() => localStorage.setItem('todos-signed-in-until', String(Date.now() + 20_000)))
    await visitor.add('buy soil')
    await visitor.saved()
    same((await refreshToken()) === before, false)
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil'])
  },
  'a visitor whose session is lost keeps everything, in a new account': async (visitor) => {
    visitor.expect(/status of 401/)
    await visitor.addAndSave('water the plants', 'buy soil')
    await fetch(`${stack}/v1/sessions`, { method: 'DELETE', headers: { Authorization: `Bearer ${await token(visitor)}` } })
    await visitor.context.clearCookies({ name: 'todo_access' })
    await visitor.toggle('water the plants')
    await comesTo(() => kind(visitor), 'idle')
    await visitor.saved()
    await visitor.shows('water the plants', 'buy soil')
    same(await visitor.doneOnServer(), [['water the plants', true], ['buy soil', false]])
  },
  'cookies that are gone, as after 90 days, are a session that has ended': async (visitor) => {
    visitor.expect(/status of (401|422)/)
    await visitor.addAndSave('water the plants')
    await visitor.context.clearCookies()
    await visitor.rename('water the plants', 'water them all')
    await comesTo(async () => (await visitor.context.cookies()).length, 2) // of the new account
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them all'])

    const email = newEmail()
    await visitor.signUp(email)
    await visitor.context.clearCookies()
    await visitor.add('buy soil')
    await comesTo(() => visitor.status(), 'Signed out. 1 change is kept here.')
    await visitor.openAccount()
    await visitor.submit({ password })
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them all', 'buy soil'])
  },

  'what is written while the server is stopped arrives when it runs again': async (visitor) => {
    visitor.expect(kAway)
    visitor.expect(/status of 50\d/)
    await visitor.addAndSave('water the plants')
    await visitor.page.evaluate(() => navigator.serviceWorker.ready)
    await run(`${process.env.PROJECT}/todo`, ['down', '--state', kState])
    try {
      await visitor.add('buy soil')
      await visitor.toggle('water the plants')
      await comesTo(() => visitor.status(), 'Offline. 2 changes are kept here.')
      await visitor.reload()
      await visitor.shows('water the plants', 'buy soil')
    } finally {
      await run(`${process.env.PROJECT}/todo`, ['up', '--state', kState])
    }
    await visitor.saved()
    same(await visitor.doneOnServer(), [['water the plants', true], ['buy soil', false]])
    await comesTo(() => visitor.status(), 'Saved')
  },
  'what is written while the database is stopped arrives when it runs again': async (visitor) => {
    visitor.expect(/status of 50\d/)
    await visitor.addAndSave('water the plants')
    await run(`${process.env.PROJECT}/sql/cluster`, ['stop', '--state', kState])
    try {
      await visitor.add('buy soil')
      await comesTo(() => kind(visitor), 'busy')
    } finally {
      await run(`${process.env.PROJECT}/sql/cluster`, ['start', '--state', kState])
    }
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil'])
  },
  'a change is kept when the tab is closed right after it': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await visitor.goOffline()
    await visitor.add('buy soil')
    await visitor.page.close()
    await visitor.goOnline()
    visitor.page = await visitor.openTab()
    await visitor.shows('water the plants', 'buy soil')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil'])
  },
  'a change is kept when the tab is closed right after it, online as well': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await visitor.add('buy soil')
    await visitor.page.close()
    visitor.page = await visitor.openTab()
    await visitor.shows('water the plants', 'buy soil')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil'])
  },
  'an answer that is not of the service, and a fault of it, are no reason to give up': async (visitor) => {
    visitor.expect(/status of 500/)
    await visitor.addAndSave('water the plants')
    const portal = (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Welcome to our network</h1>' })
    await spoil(visitor, portal, answers(500, 1))
    await visitor.rename('water the plants', 'water them all')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them all'])
  },
  'a sign-up of which no answer came can be done again': async (visitor) => {
    visitor.expect(kAway)
    visitor.expect(/status of 422/)
    const email = await signsUpUnanswered(visitor)
    await visitor.submit({ email, password })
    await comesTo(() => visitor.accountButton(), email)
    same(await visitor.titles(), ['water the plants'])
    await visitor.add('buy soil')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil'])
  },
  'a sign-up of which no answer came shows after a reload': async (visitor) => {
    visitor.expect(kAway)
    const email = await signsUpUnanswered(visitor)
    await visitor.reload()
    await comesTo(() => visitor.accountButton(), email)
    await visitor.shows('water the plants')
  },
  'a sign-in of which no answer came mixes up no lists': async (visitor, browser) => {
    visitor.expect(kAway)
    visitor.expect(/status of 4\d\d/)
    const other = await visitor.other(browser)
    const email = newEmail()
    await other.addAndSave('of the account')
    await other.signUp(email)
    const mine = newEmail()
    await visitor.addAndSave('of somebody else')
    await visitor.signUp(mine)
    await visitor.openAccount('Sign out')
    await visitor.page.locator('.empty').waitFor()
    await visitor.context.route('**/v1/sessions', answerIsLost, { times: 1 })
    await visitor.signIn(email)
    await comesTo(() => visitor.wrong(), 'The server cannot be reached. Try again when you are online.')
    await visitor.submit({ email: mine, password })
    await visitor.shows('of somebody else')
    await visitor.add('buy soil')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['of somebody else', 'buy soil'])
    await other.reload()
    await other.shows('of the account')
  },
}

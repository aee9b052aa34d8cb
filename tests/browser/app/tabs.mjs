// Several tabs of one browser: they show the same, and act as one towards the service.
import { comesTo, same } from '../harness.mjs'
import { newEmail, password } from './visitor.mjs'

const kSoon = 500 // ms

const shows = (tab, titles, within) => comesTo(() => tab.titles(), titles, within)
const writesOf = (asked) => asked.filter(({ method, path }) => method !== 'GET' && path.startsWith('/v1/todos/'))
const done = (tab) => tab.page.locator('.todo-list > li.completed label').allTextContents()

/** Everything that can be done to a list is done in `one`, and soon shows in `other`. */
async function followsIn(one, other) {
  await one.add('water the plants', 'buy soil')
  await shows(other, ['water the plants', 'buy soil'], kSoon)
  await one.toggle('buy soil')
  await comesTo(() => done(other), ['buy soil'], kSoon)
  await one.moveUp('buy soil')
  await shows(other, ['buy soil', 'water the plants'], kSoon)
  await one.rename('water the plants', 'water them all')
  await shows(other, ['buy soil', 'water them all'], kSoon)
  await one.remove('buy soil')
  await shows(other, ['water them all'], kSoon)
}

/** In a browser whose tabs are slow to hear of each other: each message takes its own time, in milliseconds. */
function hearLate([least, most]) {
  const { set } = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, 'onmessage')
  Object.defineProperty(BroadcastChannel.prototype, 'onmessage', {
    set(hear) {
      this.hear = hear
      set.call(this, (event) => setTimeout(() => this.hear(event), least + (most - least) * Math.random()))
    },
  })
}

/** Signed up, with a todo, and signed out from elsewhere; the access token has ended too. The answer: the email. */
async function endedSession(visitor, browser) {
  visitor.expect(/status of 401/)
  const email = newEmail()
  await visitor.add('water the plants')
  await visitor.signUp(email)
  await visitor.saved()
  const elsewhere = await visitor.elsewhere(browser, email)
  await elsewhere.openAccount('Sign out everywhere')
  await elsewhere.page.locator('.empty').waitFor()
  await visitor.context.clearCookies({ name: 'todo_access' })
  return email
}

export const tabs = {
  'what is done in one tab shows in the other within half a second': async (visitor) => {
    const other = await visitor.anotherTab()
    await followsIn(visitor, other)
    await other.toggle('water them all') // and back
    await comesTo(() => done(visitor), ['water them all'], kSoon)
  },
  'offline too': async (visitor) => {
    const other = await visitor.anotherTab()
    await visitor.goOffline()
    await followsIn(visitor, other)
    await comesTo(() => other.status(), await visitor.status())
    await visitor.goOnline()
    await other.saved()
    same(await visitor.titlesOnServer(), ['water them all'])
    for (const tab of [visitor, other]) await comesTo(() => tab.status(), 'Saved')
  },
  'what was done offline in several tabs is sent once each': async (visitor) => {
    const all = [visitor, await visitor.anotherTab(), await visitor.anotherTab()]
    await visitor.add('water the plants')
    await visitor.saved()
    await visitor.goOffline()
    for (const [i, tab] of all.entries()) {
      await shows(tab, ['water the plants', 'of tab 1', 'of tab 2', 'of tab 3'].slice(0, i + 1))
      await tab.add(`of tab ${i + 1}`)
      await tab.toggle('water the plants')
    }
    const asked = visitor.watch()
    await visitor.goOnline()
    await visitor.saved()
    const keys = writesOf(asked).map(({ headers }) => headers['idempotency-key'])
    same([keys.length, new Set(keys).size], [6, 6])
    same((await visitor.onServer()).map(({ title, version }) => [title, version]), [
      ['water the plants', 4],
      ['of tab 1', 1],
      ['of tab 2', 1],
      ['of tab 3', 1],
    ])
  },
  'ten tabs that begin at once have one account and one list': async (visitor) => {
    const asked = visitor.watch()
    const all = [visitor, ...(await Promise.all(Array.from({ length: 9 }, () => visitor.anotherTab())))]
    await Promise.all(all.map((tab, i) => tab.add(`todo ${i} a`, `todo ${i} b`)))
    await visitor.saved()
    const wanted = all.flatMap((_, i) => [`todo ${i} a`, `todo ${i} b`])
    same((await visitor.titlesOnServer()).sort(), wanted)
    const order = await visitor.titlesOnServer()
    for (const tab of all) await shows(tab, order)
    same(asked.filter(({ method, path }) => method === 'POST' && path === '/v1/accounts').length, 1)
    same(writesOf(asked).length, wanted.length)
  },
  'tabs that hear of each other late, and in no order, have one list and send each change once': async (visitor) => {
    await visitor.context.addInitScript(hearLate, [0, 500])
    await visitor.reload()
    const all = [visitor, await visitor.anotherTab(), await visitor.anotherTab()]
    await visitor.addAndSave('water the plants')
    const asked = visitor.watch()
    await Promise.all(all.map((tab, i) => tab.add(`todo ${i} a`, `todo ${i} b`, `todo ${i} c`)))
    const titles = all.flatMap((_, i) => [`todo ${i} a`, `todo ${i} b`, `todo ${i} c`])
    for (const tab of all) await comesTo(async () => (await tab.titles()).sort(), [...titles, 'water the plants'])
    for (const [i, tab] of [...all, ...all].entries()) {
      await tab.rename('water', `water them ${i}`)
      for (const other of all) await comesTo(async () => (await other.titles()).includes(`water them ${i}`), true)
    }
    await visitor.saved()
    const order = await visitor.titlesOnServer()
    same([...order].sort(), [...titles, 'water them 5'])
    for (const tab of all) await shows(tab, order)
    const keys = writesOf(asked).map(({ headers }) => headers['idempotency-key'])
    same([keys.length, new Set(keys).size], [15, 15])
  },
  'a tab that is closed while it sends leaves the rest to another': async (visitor) => {
    // Chromium may let a request that is held go when its tab closes. The other tab sends the same one, and where the first
    // is still under way hears so, and repeats it.
    visitor.expect(/status of 409/)
    const other = await visitor.anotherTab()
    let held = false
    await visitor.page.route('**/v1/todos/*', () => (held = true)) // never answered
    await visitor.add('water the plants')
    await comesTo(() => held, true)
    await shows(other, ['water the plants'])
    await visitor.page.close()
    await other.saved()
    same((await other.onServer()).map(({ title, version }) => [title, version]), [['water the plants', 1]])
  },
  'a tab may build on a change that another is just having confirmed': async (visitor) => {
    const other = await visitor.anotherTab()
    let release
    const held = new Promise((resolve) => (release = resolve))
    await visitor.page.route('**/v1/todos/*', async (route) => {
      await held
      await route.continue()
    })
    await visitor.add('water the plants')
    await shows(other, ['water the plants'])
    // The other is too busy to hear that it was confirmed, and ticks it.
    const ticks = other.page.evaluate(() => {
      document.title = 'busy'
      for (const end = performance.now() + 1500; performance.now() < end; );
      document.querySelector('.toggle').click()
    })
    release()
    await ticks
    await other.saved()
    same((await visitor.onServer()).map(({ title, completed }) => [title, completed]), [['water the plants', true]])
    await comesTo(() => done(visitor), ['water the plants'])
  },
  'a todo that one tab deletes while another edits it is kept as it was typed': async (visitor) => {
    const other = await visitor.anotherTab()
    await visitor.add('water the plants')
    await shows(other, ['water the plants'])
    await other.write('water the plants', 'water them all')
    await visitor.remove('water the plants')
    await other.notice('Your version is kept as a copy.')
    for (const tab of [visitor, other]) await shows(tab, ['water them all'])
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them all'])
  },
  'two tabs that edit one todo keep both titles': async (visitor) => {
    visitor.expect(/status of 412/)
    const other = await visitor.anotherTab()
    await visitor.add('water the plants')
    await visitor.saved()
    await shows(other, ['water the plants'])
    await other.write('water the plants', 'water them there')
    await visitor.rename('water the plants', 'water them here')
    await comesTo(() => other.page.locator('.editing label').textContent(), 'water them here')
    await other.page.locator('.edit').press('Enter')
    for (const tab of [visitor, other]) await comesTo(async () => (await tab.titles()).sort(), ['water them here', 'water them there'])
    await visitor.saved()
    same((await visitor.titlesOnServer()).sort(), ['water them here', 'water them there'])
  },
  'a change that is refused shows in all tabs, and any of them can give it up': async (visitor) => {
    visitor.expect(/status of 422/)
    const other = await visitor.anotherTab()
    await visitor.add('water the plants')
    await visitor.saved()
    await visitor.context.route('**/v1/todos/*', (route) => route.fulfill({ status: 422, json: { title: 'No.' } }))
    await visitor.rename('water the plants', 'water them all')
    await other.page.getByRole('button', { name: 'Give up the change' }).click()
    for (const tab of [visitor, other]) {
      await shows(tab, ['water the plants'])
      await comesTo(() => tab.status(), 'Saved')
    }
  },

  'signing up, out and in again in one tab is so in the other': async (visitor) => {
    const other = await visitor.anotherTab()
    const email = newEmail()
    await visitor.add('water the plants')
    await visitor.signUp(email)
    await comesTo(() => other.accountButton(), email)
    await visitor.saved()
    await other.write('water the plants', 'typed, but not kept')
    await visitor.openAccount('Sign out')
    await other.page.locator('.empty').waitFor()
    same(await other.accountButton(), 'Sign up')
    same(await other.page.locator('.notice').count(), 0)
    await other.signIn(email)
    await shows(visitor, ['water the plants'])
    same(await visitor.accountButton(), email)
  },
  'what was typed as somebody who has signed out is gone, also where a tab reads that before it hears of it': async (visitor) => {
    await visitor.context.addInitScript(hearLate, [2000, 2000])
    await visitor.reload()
    await visitor.addAndSave('water the plants')
    await visitor.signUp(newEmail())
    const other = await visitor.anotherTab()
    await other.write('water the plants', 'typed, but not kept')
    await visitor.openAccount('Sign out')
    await visitor.page.locator('.empty').waitFor()
    const asked = visitor.watch()
    await other.page.evaluate(() => dispatchEvent(new Event('online')))
    await other.page.locator('.empty').waitFor()
    await new Promise((resolve) => setTimeout(resolve, 2500)) // it hears of it now
    same([await other.titles(), await other.page.locator('.notice').count(), await other.accountButton()], [[], 0, 'Sign up'])
    same(asked.filter(({ method }) => method === 'POST').length, 0)
  },
  'a session that has ended is so in all tabs, until somebody signs in': async (visitor, browser) => {
    const other = await visitor.anotherTab()
    const email = await endedSession(visitor, browser)
    await visitor.page.evaluate(() => dispatchEvent(new Event('online'))) // it asks, and finds out; nobody tells the other
    for (const tab of [visitor, other]) await comesTo(() => tab.status(), 'Signed out.')
    await other.openAccount()
    await other.submit({ password })
    for (const tab of [visitor, other]) await comesTo(async () => [await tab.status(), await tab.accountButton()], ['Saved', email])
  },
  'tabs whose session has ended rest, and send what waits when somebody signs in': async (visitor, browser) => {
    const other = await visitor.anotherTab()
    await endedSession(visitor, browser)
    await visitor.add('buy soil')
    for (const tab of [visitor, other]) await comesTo(() => tab.status(), 'Signed out. 1 change is kept here.')
    const heard = await other.page.evaluate(async () => {
      let heard = 0
      new BroadcastChannel('todos').onmessage = () => (heard += 1)
      await new Promise((resolve) => setTimeout(resolve, 300))
      return heard
    })
    same(heard <= 1, true)
    await other.openAccount()
    await other.submit({ password })
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil'])
    for (const tab of [visitor, other]) await comesTo(() => tab.status(), 'Saved')
  },
}

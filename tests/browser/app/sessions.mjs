// Sessions that begin and end while something else happens: what is written is nobody else's, and is not lost.
import { comesTo, same } from '../harness.mjs'
import { newEmail, password, stack } from './visitor.mjs'

/** Somebody has an account elsewhere, with one todo. The answer: the email. */
async function somebody(visitor, browser) {
  const other = await visitor.other(browser)
  const email = newEmail()
  await other.addAndSave('of the account')
  await other.signUp(email)
  return email
}

/** As Safari does after seven days, and others where a person clears what a site keeps offline. In another tab then. */
async function keepsCookiesAlone(visitor) {
  await visitor.page.evaluate(async () => {
    localStorage.clear()
    await new Promise((resolve) => (indexedDB.deleteDatabase('todos').onsuccess = resolve))
  })
  await visitor.page.close()
  visitor.page = await visitor.openTab()
}
const answerIsLost = async (route) => {
  await route.fetch()
  await route.abort()
}

/** The page's next refresh reaches the service, and its answer is still on its way. The answer: {isAsked(), arrives()}. */
async function refreshTakesLong({ context }) {
  const cookies = await context.cookies()
  const { value } = cookies.find(({ name }) => name === 'todo_refresh')
  const headers = { Origin: stack, Cookie: `todo_refresh=${value}`, 'Content-Type': 'application/json' }
  let fresh = null
  const ask = async () => {
    const answer = await fetch(`${stack}/v1/sessions/refresh`, { method: 'POST', headers, body: '{}' })
    fresh = Object.fromEntries(answer.headers.getSetCookie().map((cookie) => cookie.split(/[=;]/, 2)))
  }
  await context.route('**/v1/sessions/refresh', ask, { times: 1 })
  return {
    isAsked: () => comesTo(() => fresh !== null, true),
    arrives: () => context.addCookies(cookies.map((cookie) => ({ ...cookie, value: fresh[cookie.name] }))),
  }
}

export const sessions = {
  'what is written while a sign-in is on its way comes along, whatever else does': async (visitor, browser) => {
    const email = await somebody(visitor, browser)
    await visitor.addAndSave('of the visitor')
    const { isAsked, letGo } = await visitor.hold('**/v1/sessions')
    await visitor.openAccount('Sign in')
    await visitor.page.locator('dialog [name=bring]').uncheck()
    await visitor.submit({ email, password })
    await isAsked()
    await visitor.press('Escape')
    await visitor.page.locator('dialog').waitFor({ state: 'hidden' })
    await visitor.add('late')
    letGo()
    await visitor.notice(`Welcome back, ${email}.`)
    await comesTo(async () => (await visitor.titles()).sort(), ['late', 'of the account'])
    await visitor.saved()
    same((await visitor.titlesOnServer()).sort(), ['late', 'of the account'])
  },
  'what is written in another tab while a sign-out is on its way is kept, and said': async (visitor) => {
    const email = newEmail()
    await visitor.addAndSave('water the plants')
    await visitor.signUp(email)
    const other = await visitor.anotherTab()
    const { isAsked, letGo } = await visitor.hold('**/v1/sessions/current')
    await visitor.openAccount('Sign out')
    await isAsked()
    await other.add('late')
    letGo()
    await comesTo(() => visitor.wrong(), '1 change could not be sent yet, and would be lost.')
    for (const tab of [visitor, other]) {
      await comesTo(() => tab.titles(), ['water the plants', 'late'])
      await comesTo(() => tab.accountButton(), 'Sign in again')
    }
    await other.openAccount()
    await other.submit({ password })
    await comesTo(() => other.accountButton(), email)
    await other.saved()
    same(await other.titlesOnServer(), ['water the plants', 'late'])
  },
  'a sign-in of which no answer came leaves no list behind in another tab': async (visitor, browser) => {
    visitor.expect(/net::ERR_FAILED/)
    const email = await somebody(visitor, browser)
    await visitor.addAndSave('of the visitor')
    const other = await visitor.anotherTab()
    await comesTo(() => other.status(), 'Saved')
    await visitor.context.route('**/v1/sessions', answerIsLost, { times: 1 })
    await visitor.signIn(email)
    await comesTo(() => visitor.wrong(), 'The server cannot be reached. Try again when you are online.')
    await other.page.evaluate(() => dispatchEvent(new Event('online')))
    for (const tab of [visitor, other]) {
      await comesTo(async () => (await tab.titles()).sort(), ['of the account', 'of the visitor'])
      await comesTo(() => tab.accountButton(), email)
    }
    await other.saved()
    same((await other.titlesOnServer()).sort(), ['of the account', 'of the visitor'])
  },
  'who signs up after a sign-in of which no answer came takes over no account': async (visitor, browser) => {
    visitor.expect(/net::ERR_FAILED|status of 4\d\d/)
    const email = await somebody(visitor, browser)
    await visitor.addAndSave('of the visitor')
    await visitor.context.route('**/v1/sessions', answerIsLost, { times: 1 })
    await visitor.signIn(email)
    await comesTo(async () => (await visitor.wrong()) !== '', true)
    await visitor.page.locator('dialog').getByRole('button', { name: 'Sign up' }).click()
    await visitor.submit({ email: newEmail(), password })
    await comesTo(async () => (await visitor.wrong()) !== '', true)
    await visitor.press('Escape')
    await visitor.page.evaluate(() => dispatchEvent(new Event('online')))
    await comesTo(async () => (await visitor.titles()).sort(), ['of the account', 'of the visitor'])
    same(await visitor.accountButton(), email)
  },
  'what was read out to somebody who has signed out is gone': async (visitor) => {
    const readOut = () => visitor.page.locator('.announcement').textContent()
    await visitor.addAndSave('water the plants', 'buy soil')
    await visitor.signUp(newEmail())
    await visitor.moveUp('buy soil')
    await comesTo(async () => (await readOut()) !== '', true)
    await visitor.saved()
    await visitor.openAccount('Sign out')
    await visitor.page.locator('.empty').waitFor()
    same(await readOut(), '')
  },
  'a visitor whose browser has kept the cookies alone gets the list back with the next todo': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await keepsCookiesAlone(visitor)
    await visitor.shows()
    await visitor.add('buy soil')
    await visitor.shows('water the plants', 'buy soil')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil'])
  },
  'and with signing up': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await keepsCookiesAlone(visitor)
    await visitor.signUp(newEmail())
    await visitor.shows('water the plants')
    same(await visitor.titlesOnServer(), ['water the plants'])
  },
  'a person stays signed in where the browser has lost until when that is': async (visitor) => {
    const email = newEmail()
    await visitor.addAndSave('water the plants')
    await visitor.signUp(email)
    await visitor.page.evaluate(() => localStorage.clear())
    await visitor.reload()
    await visitor.addAndSave('buy soil')
    same([await visitor.accountButton(), await visitor.titlesOnServer()], [email, ['water the plants', 'buy soil']])
  },
  'a dialog that was closed asks nothing when its answer comes, nor later': async (visitor) => {
    const { isAsked, letGo } = await visitor.hold('**/v1/password-resets/confirm', (route) => route.fulfill({ status: 204 }))
    const closes = async () => {
      await visitor.press('Escape')
      await visitor.page.locator('dialog').waitFor({ state: 'hidden' })
    }
    await visitor.page.goto(`${stack}/#reset-password=${'A'.repeat(43)}`)
    await visitor.submit({ password })
    await isAsked()
    await closes()
    letGo()
    await visitor.notice('The password is replaced. Sign in with the new one.')
    await visitor.openAccount()
    await closes()
    await visitor.page.waitForTimeout(200)
    same(await visitor.page.locator('dialog').isVisible(), false)
  },
  'text that is selected to beyond the dialog closes nothing, and a click there does': async (visitor) => {
    const { mouse } = visitor.page
    await visitor.openAccount()
    const input = visitor.page.locator('dialog [name=email]')
    await input.fill('ada@example.org')
    const { x, y, width, height } = await input.boundingBox()
    await mouse.move(x + width / 2, y + height / 2)
    await mouse.down()
    await mouse.move(5, y + height / 2, { steps: 4 })
    await mouse.up()
    await visitor.page.waitForTimeout(200)
    same([await visitor.page.locator('dialog').isVisible(), await input.inputValue()], [true, 'ada@example.org'])
    await mouse.click(5, y)
    await visitor.page.locator('dialog').waitFor({ state: 'hidden' })
  },
  'a page that is loaded again while it refreshes its session waits for the answer': async (visitor) => {
    visitor.expect(/status of 401/)
    const email = newEmail()
    await visitor.addAndSave('water the plants')
    await visitor.signUp(email)
    const { isAsked, arrives } = await refreshTakesLong(visitor)
    await visitor.context.clearCookies({ name: 'todo_access' })
    await visitor.add('buy soil')
    await isAsked()
    const asked = visitor.watch()
    await visitor.reload()
    await comesTo(() => asked.filter(({ path }) => path === '/v1/account').length > 2, true)
    await arrives()
    await visitor.saved()
    same([await visitor.accountButton(), await visitor.titlesOnServer()], [email, ['water the plants', 'buy soil']])
    same(asked.filter(({ path }) => path === '/v1/sessions/refresh').length, 0)
  },
}

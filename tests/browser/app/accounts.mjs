// Accounts: from a first visit, which needs none, to the last goodbye.
import { comesTo, same } from '../harness.mjs'
import { linkInMail, newEmail, password, stack } from './visitor.mjs'

const kRefused = /Failed to load resource.*status of (401|403|404|409|410|422)/
const kNothing = 'Nothing to do.'

const without = (page) => page.locator('.empty', { hasText: kNothing }).waitFor()
const dialogCloses = (visitor) => visitor.page.locator('dialog').waitFor({ state: 'hidden' })
/** As after 15 minutes: the access token of a session that has ended is good until then. */
const tokenEnds = (visitor) => visitor.context.clearCookies({ name: 'todo_access' })
const mainButton = (visitor) => visitor.page.locator('dialog .main-button').textContent()
const form = (visitor, name) => visitor.page.locator(`dialog form[data-kind=${name}]`).waitFor()

/** Signed up, with todos. The answer: the email. */
async function withTodos(visitor, ...titles) {
  const email = newEmail()
  await visitor.add(...titles)
  await visitor.signUp(email)
  await visitor.saved()
  return email
}
/** Everything that a script of the page can read of what the browser keeps, but how its changes are counted. */
const readable = async () => {
  const rows = []
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve) => (indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result)))
    for (const store of database.objectStoreNames) {
      const all = database.transaction(store).objectStore(store).getAll()
      const each = await new Promise((resolve) => (all.onsuccess = () => resolve(all.result)))
      if (store !== 'changes') rows.push(each.filter(({ name }) => name !== 'beginning'))
    }
    database.close()
  }
  return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, rows])
}
const kEmpty = JSON.stringify([{}, {}, '', [[], [], []]])

/** By another browser, and has written something since. The answer: the email. */
async function isSignedOut(visitor, browser) {
  visitor.expect(kRefused)
  const email = await withTodos(visitor, 'water the plants')
  const other = await visitor.elsewhere(browser, email)
  await other.openAccount('Sign out everywhere')
  await without(other.page)
  await tokenEnds(visitor)
  await visitor.add('buy soil')
  await comesTo(() => visitor.accountButton(), 'Sign in again')
  return email
}

export const accounts = {
  'a visit without a todo makes no account, and the first todo makes one': async (visitor) => {
    const asked = visitor.watch()
    const signUps = () => asked.filter(({ method, path }) => method === 'POST' && path === '/v1/accounts').length
    await visitor.reload()
    await comesTo(() => asked.some(({ method, path }) => method === 'OPTIONS' && path === '/v1/account'), true)
    await comesTo(() => visitor.page.locator('.status').getAttribute('data-kind'), 'idle')
    same([signUps(), await visitor.context.cookies()], [0, []])

    await visitor.add('water the plants', 'buy soil')
    await visitor.saved()
    same([signUps(), await visitor.titlesOnServer()], [1, ['water the plants', 'buy soil']])
  },
  'what a visitor wrote is there after a reload, and in a second tab': async (visitor) => {
    await visitor.add('water the plants', 'buy soil')
    await visitor.saved()
    await visitor.reload()
    await comesTo(() => visitor.titles(), ['water the plants', 'buy soil'])
    await comesTo(async () => visitor.titles(await visitor.openTab()), ['water the plants', 'buy soil'])
    await visitor.page.evaluate(() => indexedDB.deleteDatabase('todos')) // so it comes from the service
    await visitor.openTab()
    await comesTo(() => visitor.titlesOnServer(), ['water the plants', 'buy soil'])
  },
  'no script of the page can read a token': async (visitor) => {
    await withTodos(visitor, 'water the plants')
    const tokens = (await visitor.context.cookies()).map(({ value }) => value)
    const seen = await visitor.page.evaluate(readable)
    same(tokens.length, 2)
    same([seen.includes('water the plants'), tokens.some((token) => seen.includes(token)), seen.includes('eyJ')], [true, false, false])
  },

  'signing up keeps the todos, and they are the same ones': async (visitor) => {
    await visitor.add('water the plants', 'buy soil')
    await visitor.saved()
    const before = (await visitor.onServer()).map(({ id }) => id)
    const email = newEmail()
    await visitor.signUp(email)
    await visitor.notice(`Your todos are kept with ${email}.`)
    await comesTo(() => visitor.accountButton(), email)
    await visitor.reload()
    same([await visitor.accountButton(), await visitor.titles()], [email, ['water the plants', 'buy soil']])
    same((await visitor.onServer()).map(({ id }) => id), before)
  },
  'who signs up before writing anything has an account at once': async (visitor) => {
    const email = newEmail()
    await visitor.signUp(email)
    await comesTo(() => visitor.accountButton(), email)
    await visitor.add('water the plants')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants'])
  },
  'a sign-up that is refused says why, and loses nothing': async (visitor, browser) => {
    const taken = await withTodos(await visitor.other(browser), 'of another')
    visitor.expect(kRefused)
    await visitor.add('water the plants')
    await visitor.saved()
    await visitor.openAccount()
    for (const [fields, words] of [
      [{ email: taken, password }, 'There is an account with this email: sign in, or take another one.'],
      [{ email: 'ada@example', password }, 'What stands behind the @ is no domain: it is to look like example.org.'],
      [{ email: newEmail(), password: 'password' }, 'It is one of the first that a stranger would try: take another one.'],
    ]) {
      await visitor.submit(fields)
      await comesTo(() => visitor.wrong(), words)
      same(await visitor.page.locator('dialog [name=email]').inputValue(), fields.email)
    }
    await visitor.submit({ email: newEmail(), password })
    await dialogCloses(visitor)
    same(await visitor.titlesOnServer(), ['water the plants'])
  },
  'an email that is none and a password that is too short are not even sent': async (visitor) => {
    const asked = visitor.watch()
    await visitor.openAccount()
    for (const fields of [{ email: 'ada', password }, { email: newEmail(), password: 'short' }]) {
      await visitor.submit(fields)
      same(await visitor.page.locator('dialog input:invalid').count(), 1)
    }
    await visitor.submit({ email: newEmail(), password })
    await dialogCloses(visitor)
    same(asked.filter(({ method, path }) => method === 'POST' && path === '/v1/accounts').length, 1)
  },

  'signing out leaves nothing in the browser, and signing in elsewhere brings it': async (visitor, browser) => {
    const email = await withTodos(visitor, 'water the plants', 'buy soil')
    await visitor.openAccount('Sign out')
    await visitor.notice('You are signed out.')
    await without(visitor.page)
    same(await visitor.accountButton(), 'Sign up')
    same(await visitor.context.cookies(), [])
    same(await visitor.page.evaluate(readable), kEmpty)

    const other = await visitor.elsewhere(browser, email)
    await comesTo(() => other.titles(), ['water the plants', 'buy soil'])
    await visitor.reload()
    await without(visitor.page)
  },
  'who signs in brings along what is on the list': async (visitor, browser) => {
    const email = await withTodos(await visitor.other(browser), 'of the account')
    await visitor.add('of the visitor')
    await visitor.saved()
    await visitor.signIn(email)
    await visitor.notice(`Welcome back, ${email}.`)
    await comesTo(async () => (await visitor.titles()).sort(), ['of the account', 'of the visitor'])
    await visitor.saved()
    same((await visitor.titlesOnServer()).sort(), ['of the account', 'of the visitor'])
  },
  'who signs in and brings nothing along finds the account as it was': async (visitor, browser) => {
    const email = await withTodos(await visitor.other(browser), 'of the account')
    await visitor.add('of the visitor')
    await visitor.saved()
    await visitor.openAccount('Sign in')
    await visitor.page.locator('dialog [name=bring]').uncheck()
    await visitor.submit({ email, password })
    await comesTo(() => visitor.titles(), ['of the account'])
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['of the account'])
  },
  'a wrong password is said to be one, and the list stays': async (visitor, browser) => {
    const email = await withTodos(await visitor.other(browser), 'of the account')
    visitor.expect(kRefused)
    await visitor.add('of the visitor')
    await visitor.signIn(email, 'not the password')
    await comesTo(() => visitor.wrong(), 'There is no account with this email and this password.')
    same(await visitor.titles(), ['of the visitor'])
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['of the visitor'])
  },
  'a dialog that has closed holds no password any more': async (visitor) => {
    const passwords = () => visitor.page.locator('dialog input[type=password]').evaluateAll((inputs) => inputs.map(({ value }) => value))
    const email = newEmail()
    await visitor.signUp(email)
    await comesTo(passwords, [''])
    await visitor.openAccount('Sign out')
    await without(visitor.page)
    await visitor.signIn(email)
    await visitor.notice(`Welcome back, ${email}.`)
    await comesTo(passwords, [''])
  },
  'a dialog that is opened again has forgotten the password': async (visitor) => {
    await visitor.openAccount()
    await visitor.page.locator('dialog [name=password]').fill(password)
    await visitor.page.locator('dialog .close').click()
    await visitor.openAccount()
    same(await visitor.page.locator('dialog [name=password]').inputValue(), '')
  },

  'a forgotten password is replaced with the link of a mail': async (visitor, browser) => {
    const first = await visitor.other(browser)
    const email = await withTodos(first, 'water the plants')
    first.expect(kRefused) // it is signed out
    visitor.expect(kRefused)
    await visitor.openAccount('Sign in', 'Forgot the password?')
    await visitor.submit({ email })
    await visitor.notice(`If ${email} has an account, a mail with a link is on its way.`)

    await visitor.page.goto(await linkInMail(email, 'reset-password'))
    await form(visitor, 'reset')
    await visitor.submit({ password: 'another long sentence' })
    await form(visitor, 'signIn')
    await visitor.submit({ email, password })
    await comesTo(() => visitor.wrong(), 'There is no account with this email and this password.')
    await visitor.submit({ email, password: 'another long sentence' })
    await comesTo(() => visitor.titles(), ['water the plants'])
    const afterReload = async () => {
      await first.reload()
      return first.accountButton()
    }
    await comesTo(afterReload, 'Sign in again') // within the two seconds in which its token may still be good
  },
  'an email is verified with the link of a mail, in the tab that is open': async (visitor) => {
    const email = await withTodos(visitor, 'water the plants')
    await visitor.openAccount('Send me a link')
    await visitor.notice(`A mail with a link is on its way to ${email}.`)
    await visitor.page.goto(await linkInMail(email, 'verify-email'))
    await visitor.notice('Your email is verified.')
    await visitor.openAccount()
    await visitor.page.locator('dialog', { hasText: 'Your email is verified.' }).waitFor()
    same(await visitor.titles(), ['water the plants'])
  },
  'a link that was used or made up gets a clear sentence': async (visitor, browser) => {
    visitor.expect(kRefused)
    const email = await withTodos(visitor, 'water the plants')
    await visitor.openAccount('Send me a link')
    const link = await linkInMail(email, 'verify-email')
    const other = await visitor.other(browser) // where nobody is signed in
    other.expect(kRefused)
    await other.page.goto(link)
    await other.notice('Your email is verified.')

    const ended = 'The link was used before, is too old, or a later mail has another one: ask for a new mail.'
    await visitor.page.goto(link)
    await visitor.notice(`Your email is not verified. ${ended}`)
    await other.page.goto(`${stack}/#reset-password=${'A'.repeat(43)}`)
    await form(other, 'reset')
    await other.submit({ password })
    await comesTo(() => other.wrong(), ended)
  },
  'the code of a link stays neither in the address nor in the history': async (visitor) => {
    await visitor.page.goto('about:blank')
    for (const kind of ['reset-password', 'reset-password']) { // as a page that is opened, and as one that is open
      await visitor.page.goto(`${stack}/#${kind}=${'A'.repeat(43)}`)
      await form(visitor, 'reset')
      same(visitor.page.url(), `${stack}/#/`)
      await visitor.page.keyboard.press('Escape')
    }
    await visitor.page.goBack()
    same([visitor.page.url(), await visitor.page.locator('dialog').isVisible()], [`${stack}/#/`, false])
  },

  'the email is changed with the password': async (visitor, browser) => {
    visitor.expect(kRefused)
    const email = await withTodos(visitor, 'water the plants')
    const next = newEmail()
    await visitor.openAccount('Change email')
    same(await visitor.page.locator('dialog [name=email]').inputValue(), email)
    await visitor.submit({ email: next, current_password: 'not the password' })
    await comesTo(() => visitor.wrong(), 'That is not the password of the account as it is now.')
    await visitor.submit({ email: next, current_password: password })
    await comesTo(() => visitor.accountButton(), next)
    const other = await visitor.elsewhere(browser, next)
    await comesTo(() => other.titles(), ['water the plants'])
  },
  'a password that is changed signs out other browsers, which keep what they have not sent': async (visitor, browser) => {
    const email = await withTodos(visitor, 'water the plants')
    const other = await visitor.elsewhere(browser, email)
    other.expect(kRefused)
    await visitor.openAccount('Change password')
    await visitor.submit({ current_password: password, password: 'another long sentence' })
    await visitor.notice('The password is changed. Your other devices are signed out.')

    await tokenEnds(other)
    await other.add('buy soil')
    await comesTo(() => other.accountButton(), 'Sign in again')
    await comesTo(() => other.status(), 'Signed out. 1 change is kept here.')
    await other.add('sweep the floor')
    await other.reload()
    await comesTo(() => other.titles(), ['water the plants', 'buy soil', 'sweep the floor'])
    await other.openAccount()
    await form(other, 'ended')
    same(await other.page.locator('dialog [name=email]').inputValue(), email)
    await other.submit({ password: 'another long sentence' })
    await other.saved()
    await comesTo(() => visitor.titlesOnServer(), ['water the plants', 'buy soil', 'sweep the floor'])
    await comesTo(() => other.status(), 'Saved')
  },
  'who signs in over changes of somebody else is warned, and they are still there': async (visitor, browser) => {
    const stranger = await withTodos(await visitor.other(browser), 'of a stranger')
    const email = await isSignedOut(visitor, browser)
    await visitor.openAccount()
    await visitor.submit({ email: stranger, password })
    await comesTo(() => visitor.wrong(), '1 change could not be sent yet, and would be lost.')
    same(await mainButton(visitor), 'Sign in and lose them')
    await visitor.page.locator('dialog [name=email]').fill(email)
    same([await mainButton(visitor), await visitor.wrong()], ['Sign in', ''])
    await visitor.submit({ email, password })
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants', 'buy soil'])
  },
  'who cannot sign in again can remove what is here': async (visitor, browser) => {
    await isSignedOut(visitor, browser)
    await visitor.openAccount('Remove from this browser')
    await comesTo(() => visitor.wrong(), '1 change could not be sent yet, and would be lost.')
    same([await visitor.titles(), await mainButton(visitor)], [['water the plants', 'buy soil'], 'Sign in'])
    await visitor.page.locator('dialog').getByRole('button', { name: 'Remove and lose them' }).click()
    await without(visitor.page)
    same([await visitor.accountButton(), await visitor.page.evaluate(readable)], ['Sign up', kEmpty])
    await visitor.add('of the next one')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['of the next one'])
  },
  'somebody else can sign in there all the same, also by way of a forgotten password': async (visitor, browser) => {
    const stranger = await withTodos(await visitor.other(browser), 'of a stranger')
    await isSignedOut(visitor, browser)
    await visitor.openAccount('Forgot the password?', 'Back to sign in')
    await visitor.submit({ email: stranger, password })
    await comesTo(() => visitor.wrong(), '1 change could not be sent yet, and would be lost.')
    await visitor.page.locator('dialog').getByRole('button', { name: 'Sign in and lose them' }).click()
    await comesTo(() => visitor.titles(), ['of a stranger'])
  },
  'signing out everywhere ends the other browsers too': async (visitor, browser) => {
    const email = await withTodos(visitor, 'water the plants')
    const other = await visitor.elsewhere(browser, email)
    other.expect(kRefused)
    await visitor.openAccount('Sign out everywhere')
    await without(visitor.page)
    await tokenEnds(other)
    await other.reload()
    await comesTo(() => other.accountButton(), 'Sign in again')
  },
  'signing out while changes wait warns first': async (visitor, browser) => {
    const email = await withTodos(visitor, 'water the plants')
    visitor.expect(/status of 503/)
    await visitor.context.route('**/v1/todos/**', (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '60' } }))
    await visitor.add('buy soil')
    await comesTo(async () => (await visitor.status()).startsWith('The server is busy.'), true)
    await visitor.openAccount('Sign out')
    await comesTo(() => visitor.wrong(), '1 change could not be sent yet, and would be lost.')
    same(await visitor.titles(), ['water the plants', 'buy soil'])
    await visitor.page.locator('dialog').getByRole('button', { name: 'Sign out and lose them' }).click()
    await without(visitor.page)
    const other = await visitor.elsewhere(browser, email)
    await comesTo(() => other.titles(), ['water the plants'])
  },
  'an account that is deleted is gone, with its todos and its other sessions': async (visitor, browser) => {
    const email = await withTodos(visitor, 'water the plants')
    const other = await visitor.elsewhere(browser, email)
    for (const one of [visitor, other]) one.expect(kRefused)
    await visitor.openAccount('Delete account')
    await visitor.submit({ password: 'not the password' })
    await comesTo(() => visitor.wrong(), 'That is not the password of the account as it is now.')
    same(await visitor.titles(), ['water the plants'])
    await visitor.submit({ password })
    await visitor.notice('Your account and its todos are gone.')
    await without(visitor.page)

    await visitor.signIn(email)
    await comesTo(() => visitor.wrong(), 'There is no account with this email and this password.')
    await other.reload()
    await comesTo(() => other.accountButton(), 'Sign in again')
  },
}

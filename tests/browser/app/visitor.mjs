// Somebody who uses the page: a browser of his own, with what he does, and what he sees.
import { readdir, readFile } from 'node:fs/promises'
import { comesTo, patience, same } from '../harness.mjs'

export const stack = process.env.STACK_URL
export const password = 'a long sentence 42'

let people = 0
/** One that nobody has yet. */
export const newEmail = () => `visitor-${Date.now()}-${++people}@example.org`

export class Visitor {
  /** What the browser complained of: errors of the console, exceptions, what the policy forbids. */
  complaints = []
  #expected = []
  #others = []

  /** `options`: of the browser's context, like {viewport, colorScheme}. */
  static async come(browser, { at = '/', ...options } = {}) {
    const visitor = new Visitor()
    visitor.context = await browser.newContext({ viewport: { width: 900, height: 800 }, ...options })
    visitor.context.setDefaultTimeout(patience)
    visitor.page = await visitor.openTab(at)
    return visitor
  }
  async openTab(at = '/') {
    const page = await this.context.newPage()
    page.on('console', (message) => message.type() === 'error' && this.complaints.push(`${message.text()} ${message.location().url}`))
    page.on('pageerror', (error) => this.complaints.push(String(error.stack)))
    await page.goto(stack + at)
    await this.drawn(page)
    return page
  }
  async reload(page = this.page) {
    await page.reload()
    await this.drawn(page)
  }
  drawn(page = this.page) {
    return page.locator('.account-button:enabled').waitFor()
  }
  /** The same visitor at another tab. */
  async anotherTab() {
    return Object.assign(Object.create(this), { page: await this.openTab() })
  }
  /** Somebody at another browser, who leaves with this one. */
  async other(browser) {
    const other = await Visitor.come(browser)
    this.#others.push(other)
    return other
  }
  /** The same person there, signed in. */
  async elsewhere(browser, email, word = password) {
    const other = await this.other(browser)
    await other.signIn(email, word)
    await other.page.locator('dialog').waitFor({ state: 'hidden' })
    return other
  }
  /** What his tabs ask the API from now on: [{method, path, headers, at}]. */
  watch() {
    const asked = []
    this.context.on('request', (request) => {
      const path = new URL(request.url()).pathname
      if (path.startsWith('/v1/')) asked.push({ method: request.method(), path, headers: request.headers(), at: Date.now() })
    })
    return asked
  }
  /** Requests for `url` wait from now on, and get their `answer` later. The answer: `isAsked()`, once one does, and `letGo()`. */
  async hold(url, answer = (route) => route.continue()) {
    let letGo
    let asked = false
    const free = new Promise((resolve) => (letGo = resolve))
    await this.context.route(url, async (route) => {
      asked = true
      await free
      await answer(route)
    })
    return { isAsked: () => comesTo(() => asked, true), letGo }
  }
  /** Complaints that a test causes on purpose, like those of a network that is not there. */
  expect(pattern) {
    this.#expected.push(pattern)
  }
  async leave() {
    for (const other of this.#others) await other.leave()
    await this.context.close()
    const surprises = this.complaints.filter((text) => !this.#expected.some((pattern) => pattern.test(text)))
    // Who has no account yet looks for cookies with the first todo, and the browser complains once that there are none.
    const first = surprises.findIndex((text) => /status of 422 .*\/v1\/sessions\/refresh$/.test(text))
    if (first >= 0) surprises.splice(first, 1)
    if (surprises.length > 0) throw new Error(`the browser complains:\n${surprises.join('\n')}`)
  }

  // ---- What he does.

  async add(...titles) {
    const input = this.page.locator('.new-todo')
    for (const title of titles) {
      await input.fill(title)
      await input.press('Enter')
    }
  }
  async addAndSave(...titles) {
    await this.add(...titles)
    await this.saved()
  }
  async goOffline() {
    this.expect(/net::ERR_(INTERNET_DISCONNECTED|FAILED)/)
    await this.context.setOffline(true)
  }
  async goOnline() {
    await this.context.setOffline(false)
  }
  async toggle(title) {
    await this.row(title).locator('.toggle').click()
  }
  async remove(title) {
    await this.row(title).hover()
    await this.row(title).locator('.destroy').click()
  }
  async moveUp(title) {
    await this.row(title).locator('.handle').press('ArrowUp')
  }
  /** Leaves the editor open. */
  async write(title, text) {
    await this.row(title).locator('label').dblclick()
    await this.page.locator('.edit').fill(text)
  }
  async rename(title, text) {
    await this.write(title, text)
    await this.page.locator('.edit').press('Enter')
  }
  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key)
  }
  async writeNotes(title, notes) {
    await this.row(title).locator('label').dblclick()
    await this.page.locator('.notes').fill(notes)
    await this.page.locator('.notes').press('Control+Enter')
  }
  /** The account's dialog, with its fields filled in and sent. */
  async submit(fields) {
    for (const [name, value] of Object.entries(fields)) await this.page.locator(`dialog [name=${name}]`).fill(value)
    await this.page.locator('dialog .main-button').click()
  }
  /** The account's dialog, and what is pressed in it then. */
  async openAccount(...buttons) {
    await this.page.locator('.account-button').click()
    for (const name of buttons) await this.page.locator('dialog').getByRole('button', { name, exact: true }).click()
  }
  async signUp(email) {
    await this.openAccount()
    await this.submit({ email, password })
    await this.page.locator('dialog').waitFor({ state: 'hidden' })
  }
  async signIn(email, word = password) {
    await this.openAccount('Sign in')
    await this.submit({ email, password: word })
  }

  // ---- What he sees.

  row(title) {
    return this.page.locator('.todo-list > li', { hasText: title })
  }
  titles(page = this.page) {
    return page.locator('.todo-list > li label').allTextContents()
  }
  shows(...titles) {
    return comesTo(() => this.titles(), titles)
  }
  /** In the view and in the service. */
  async ordered(...titles) {
    await this.shows(...titles)
    await this.saved()
    same(await this.titlesOnServer(), titles)
  }
  /** What a screen reader calls the element that has the keyboard. */
  focused() {
    return this.page.evaluate(() => {
      const { activeElement: element } = document
      if (element === document.body) return 'nothing'
      const labelled = document.getElementById(element.getAttribute('aria-labelledby'))
      const name = labelled?.textContent ?? element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent
      return name.trim().replace(/\s+/g, ' ')
    })
  }
  status(page = this.page) {
    return page.locator('.status').textContent()
  }
  /** Answers whether the sign has shown a `kind` with such a text since; what shows for a moment on a slow machine counts too. */
  async watchStatus() {
    await this.page.evaluate(() => {
      const sign = document.querySelector('.status')
      window.shown = []
      const note = () => window.shown.push({ kind: sign.dataset.kind, text: sign.textContent })
      new MutationObserver(note).observe(sign, { attributes: true, childList: true, characterData: true, subtree: true })
    })
    return async (kind, text) => {
      const shown = await this.page.evaluate(() => window.shown)
      return shown.some((sign) => sign.kind === kind && text.test(sign.text))
    }
  }
  /** What the account's dialog says is wrong. */
  wrong() {
    return this.page.locator('dialog .wrong').textContent()
  }
  accountButton(page = this.page) {
    return page.locator('.account-button').textContent()
  }
  /** Once the service has all of it. */
  async saved(page = this.page) {
    await comesTo(() => page.evaluate(waiting), 0)
  }
  async notice(text) {
    await this.page.locator('.notice', { hasText: text }).first().waitFor()
  }
  /** The todos as the service has them, asked with the page's own cookies. */
  onServer() {
    return this.page.evaluate(async () => (await fetch('/v1/todos?sort=order&limit=200')).json())
  }
  async titlesOnServer() {
    return (await this.onServer()).map((todo) => todo.title)
  }
  /** Title, and whether it is done. */
  async doneOnServer() {
    return (await this.onServer()).map(({ title, completed }) => [title, completed])
  }
}

/** In the browser: how many writes its database keeps that the service has not confirmed. */
const waiting = () =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open('todos')
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const database = request.result
      const number = database.transaction('outbox').objectStore('outbox').count()
      number.onsuccess = () => {
        database.close()
        resolve(number.result)
      }
    }
  })

/** The address in the newest mail to `email` that has `kind` in it, once it has come. */
export async function linkInMail(email, kind) {
  const folder = process.env.STACK_MAIL
  const pattern = new RegExp(`http\\S*#${kind}=\\S+`)
  let link = null
  await comesTo(async () => {
    // One that is on its way has a name that begins with a dot, and another one in a moment.
    for (const name of (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()) {
      const mail = await readFile(`${folder}/${name}`, 'utf8')
      if (mail.includes(email)) link = pattern.exec(mail)?.[0] ?? link
    }
    return link !== null
  }, true)
  return link
}

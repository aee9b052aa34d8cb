// Takes the pictures of docs/images into the folder PICTURES: each state of the page on a desktop and on a phone, light and
// dark, by doing what a person does to get there. Against a stack with accounts (STACK_URL).
import { password, Visitor } from './app/visitor.mjs'
import { check, exitCode, launch } from './harness.mjs'

const folder = process.env.PICTURES
const devices = {
  desktop: { viewport: { width: 720, height: 600 } },
  phone: { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true },
}
const kEmail = `ada.${Date.now().toString(36).slice(-4)}@example.org`
const todos = ['Water the plants', 'Buy soil and two clay pots', 'Call Ada', 'Book the train to Bern: two seats by a window']

/** Another device of the same person changes a todo. */
const changeElsewhere = async (title) => {
  const todo = (await (await fetch('/v1/todos')).json()).find((one) => one.title === title)
  const { headers } = await fetch(`/v1/todos/${todo.id}`)
  await fetch(`/v1/todos/${todo.id}`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json', 'If-Match': headers.get('ETag') },
    body: JSON.stringify({ title: 'Call Ada on Monday' }),
  })
}

async function rename(visitor, from, to) {
  await visitor.row(from).locator('label').dblclick()
  await visitor.page.locator('.edit').fill(to)
  await visitor.page.locator('.edit').press('Enter')
}

async function takeAll(browser, device, colorScheme) {
  const visitor = await Visitor.come(browser, { ...devices[device], colorScheme, reducedMotion: 'reduce' })
  const { page } = visitor
  visitor.expect(/ERR_INTERNET_DISCONNECTED|status of 412/)
  const take = async (state) => {
    await page.mouse.move(1, 1)
    await page.screenshot({ path: `${folder}/${state}-${device}-${colorScheme}.png`, caret: 'initial' })
  }

  await take('first-visit')
  await visitor.add(...todos)
  await visitor.row('Call Ada').locator('label').dblclick()
  await page.locator('textarea.notes').fill('about the engine,\nand lunch')
  await page.locator('.edit').press('Enter')
  await visitor.row('Buy soil').locator('.toggle').check()
  await page.locator('.new-todo').focus()
  await page.locator('.status', { hasText: 'Saved' }).waitFor()
  await take('list')

  await visitor.row('Call Ada').locator('label').dblclick()
  await take('editing')
  await page.keyboard.press('Escape')
  await visitor.row('Water').locator('.destroy').click()
  await take('undo')
  await page.locator('.undo').click()
  await visitor.saved()

  await page.locator('.account-button').click()
  await take('sign-up')
  await page.keyboard.press('Escape')
  await visitor.signUp(kEmail)
  await page.locator('.notice .close').click()

  await visitor.context.setOffline(true)
  await rename(visitor, 'Call Ada', 'Call Ada at noon')
  await page.locator('.status', { hasText: 'Offline' }).waitFor()
  await take('offline')
  const elsewhere = await Visitor.come(browser)
  await elsewhere.signIn(kEmail)
  await elsewhere.page.locator('dialog').waitFor({ state: 'hidden' })
  await elsewhere.page.evaluate(changeElsewhere, 'Call Ada')
  await elsewhere.leave()
  await visitor.context.setOffline(false)
  await visitor.notice('kept as a copy')
  await visitor.saved()
  await take('conflict')

  await page.locator('.account-button').click()
  await page.locator('dialog').getByRole('button', { name: 'Change password' }).click()
  await visitor.submit({ current_password: 'not the right one', password: 'another long sentence' })
  await page.locator('dialog .wrong:not(:empty)').waitFor()
  visitor.expect(/status of 40\d/)
  await take('wrong-password')
  await page.locator('dialog').getByRole('button', { name: 'Back' }).click()
  await page.locator('dialog').getByRole('button', { name: 'Delete account' }).click()
  await visitor.submit({ password })
  await visitor.notice('are gone')
  await visitor.leave()
}

const browser = await launch('--disable-lcd-text') // grey edges: half the bytes
try {
  for (const device of Object.keys(devices)) {
    for (const scheme of ['light', 'dark']) {
      await check(`pictures of the page on a ${device}, ${scheme}`, () => takeAll(browser, device, scheme))
    }
  }
} finally {
  await browser.close()
}
process.exitCode = exitCode()

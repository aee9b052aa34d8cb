// Cookies, where only a browser can tell: what scripts see of them, and what pages of other origins and sites can do with
// them. `stack` has accounts, `server` serves origin/ to 127.0.0.1 and to localhost.

import { same } from './harness.mjs'

const signUp = async () => {
  const answer = await fetch('/v1/accounts', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"cookie":true}',
  })
  return { status: answer.status, body: Object.keys(await answer.json()).sort(), seen: document.cookie }
}
const send = async ([method, path, body]) => {
  const answer = await fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body })
  const text = await answer.text()
  return { status: answer.status, json: text === '' ? null : JSON.parse(text) }
}
/** What the page gets to know; the request may have happened. */
const tryToRead = async ([method, url]) => {
  try {
    return (await fetch(url, { method, credentials: 'include' })).status
  } catch {
    return 'nothing'
  }
}
/** The browser does send it, and hides the answer. */
const sendBlindly = (url) =>
  fetch(url, { method: 'POST', body: '{"title":"evil"}', mode: 'no-cors', credentials: 'include' }).catch(() => {})
const sendForm = (url) => {
  const form = document.createElement('form')
  Object.assign(form, { method: 'POST', action: url, enctype: 'text/plain' })
  document.body.append(form)
  form.submit()
}

export async function checkAccounts({ browser, check, stack, port }) {
  const context = await browser.newContext()
  context.setDefaultTimeout(20_000)
  const own = await context.newPage()
  await own.goto(stack)
  const ask = async (method, path, body) => own.evaluate(send, [method, path, body])
  const titles = async () => (await ask('GET', '/v1/todos')).json.map((todo) => todo.title)

  /** What the form of a page there is answered, and whether the browser has sent cookies with it. */
  const postForm = async (origin) => {
    const page = await context.newPage()
    await page.goto(origin)
    const answered = page.waitForResponse((response) => response.url().startsWith(stack))
    await page.evaluate(sendForm, `${stack}/v1/todos`)
    const response = await answered
    const has_cookie = 'cookie' in (await response.request().allHeaders())
    await page.close()
    return { status: response.status(), has_cookie }
  }

  await check('a page of the service signs a visitor up with cookies, and no script of it sees a token', async () => {
    same(await own.evaluate(signUp), { status: 201, body: ['account', 'expires_in'], seen: '' })
    const cookies = (await context.cookies())
      .map(({ name, path, httpOnly, secure, sameSite }) => ({ name, path, httpOnly, secure, sameSite }))
      .sort((left, right) => left.name.localeCompare(right.name))
    const flags = { httpOnly: true, secure: true, sameSite: 'Strict' }
    same(cookies, [
      { name: 'todo_access', path: '/v1', ...flags },
      { name: 'todo_refresh', path: '/v1/sessions/refresh', ...flags },
    ])
  })
  await check('the cookies sign in what a page of the service reads and writes', async () => {
    same((await ask('POST', '/v1/todos', '{"title":"mine"}')).status, 201)
    same(await titles(), ['mine'])
    same((await ask('POST', '/v1/sessions/refresh', '{}')).status, 200)
    same(await titles(), ['mine'])
  })

  // The same site, another port: SameSite does not hold the cookies back.
  const other = `http://127.0.0.1:${port}/`
  await check('a page of another origin on the same host reads nothing by cookie', async () => {
    const page = await context.newPage()
    await page.goto(other)
    for (const method of ['GET', 'DELETE']) {
      same(await page.evaluate(tryToRead, [method, `${stack}/v1/todos`]), 'nothing')
    }
    await page.close()
    same(await titles(), ['mine'])
  })
  await check('a page of another origin on the same host writes nothing by cookie', async () => {
    const page = await context.newPage()
    await page.goto(other)
    await page.evaluate(sendBlindly, `${stack}/v1/todos`)
    await page.close()
    same(await postForm(other), { status: 403, has_cookie: true })
    same(await titles(), ['mine'])
  })
  await check('a page of another site has no cookies sent with what it asks', async () => {
    same(await postForm(`http://localhost:${port}/`), { status: 401, has_cookie: false })
    same(await titles(), ['mine'])
  })

  await check('signing out takes the cookies away', async () => {
    same((await ask('DELETE', '/v1/sessions/current')).status, 204)
    same(await context.cookies(), [])
    same((await ask('GET', '/v1/todos')).status, 401)
  })
  await context.close()
}

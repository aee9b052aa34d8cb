// A real Chromium against the running stack (STACK_URL). Prints `ok NAME` or `not ok NAME` for each behaviour of
// origin/behaviours.mjs, which a page of another origin performs, and for what only the browser knows; of cookies, against
// a stack with accounts (ACCOUNTS_URL).
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { checkAccounts } from './accounts.mjs'
import { check, comesTo, exitCode, launch, patience, same } from './harness.mjs'

const stack = process.env.STACK_URL

/** The other origin: a port of its own, with the files of origin/. */
async function servePage() {
  const files = {
    '/': { name: 'index.html', type: 'text/html' },
    '/behaviours.mjs': { name: 'behaviours.mjs', type: 'text/javascript' },
  }
  const server = createServer(async (request, response) => {
    const file = files[request.url]
    if (!file) return response.writeHead(404).end()
    response.setHeader('Content-Type', `${file.type}; charset=utf-8`)
    response.end(await readFile(new URL(`origin/${file.name}`, import.meta.url)))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function checkBehaviours(browser, origin) {
  const page = await browser.newPage()
  page.setDefaultTimeout(patience)
  const preflighted = new Set()
  const network = await page.context().newCDPSession(page)
  await network.send('Network.enable')
  network.on('Network.requestWillBeSent', ({ request }) => {
    if (request.method === 'OPTIONS') preflighted.add(request.headers['Access-Control-Request-Method'])
  })

  await page.goto(origin)
  await page.waitForFunction(() => window.behaviours)
  const root = `${stack}/v1/todos`
  const empty = async () => {
    const answer = await fetch(root, { method: 'DELETE', signal: AbortSignal.timeout(patience) })
    if (answer.status !== 204) throw new Error(`DELETE of all todos answers ${answer.status}`)
  }
  for (const name of await page.evaluate(() => Object.keys(window.behaviours))) {
    await check(`a page of another origin: ${name}`, async () => {
      await empty()
      await page.evaluate(([behaviour, list]) => window.behaviours[behaviour](list), [name, root])
    })
  }
  await check('the browser asks before a GET that has a Content-Type', () => {
    if (!preflighted.has('GET')) throw new Error(`it asked before ${[...preflighted]} only`)
  })
  await empty()
  await page.close()
}

async function checkHomePage(browser) {
  const page = await browser.newPage()
  page.setDefaultTimeout(patience)
  const complaints = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`))
  await check("the service's own page shows itself without a complaint of the browser", async () => {
    const answer = await page.goto(stack, { waitUntil: 'networkidle' })
    if (answer.status() !== 200) throw new Error(`it answers ${answer.status()}`)
    if ((await page.title()) === '') throw new Error('it has no title')
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  })
  await check('where nobody signs in, it shows and changes the list of everybody', async () => {
    await fetch(`${stack}/v1/todos`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"title":"of everybody"}' })
    await page.reload()
    await page.locator('.todo-list li', { hasText: 'of everybody' }).locator('.toggle').check()
    const completed = async () => (await (await fetch(`${stack}/v1/todos`)).json()).map((todo) => todo.completed)
    await comesTo(completed, [true])
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  })
  await page.close()
}

async function checkReference(browser) {
  const page = await browser.newPage()
  page.setDefaultTimeout(patience)
  const complaints = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  const document = await (await fetch(`${stack}/openapi.yaml`)).text()
  const operations = document.match(/^ {6}operationId: /gm).length
  await check('the reference shows each operation, without a complaint of the browser', async () => {
    const answer = await page.goto(`${stack}/docs`, { waitUntil: 'networkidle' })
    same(answer.status(), 200)
    await comesTo(() => page.locator('.opblock').count(), operations)
    same(complaints, [])
  })
  await check('a reader sees what a request takes and answers, and tries it', async () => {
    const list = page.locator('#operations-Todos-listTodos')
    await list.locator('.opblock-summary').click()
    await list.getByText('which is by creation').first().waitFor()
    await list.getByRole('button', { name: 'Try it out' }).click()
    await list.getByRole('button', { name: 'Execute' }).click()
    const status = list.locator('.live-responses-table tbody .response-col_status')
    await comesTo(async () => (await status.first().innerText()).split('\n')[0], '200')
    same(complaints, [])
  })
  await check('what an error names is what its page shows', async () => {
    const { type } = await (await fetch(`${stack}/v1/nowhere`)).json()
    await page.goto(new URL(type, stack).href)
    await comesTo(() => page.locator('dt:target').innerText(), 'not-found 404')
    same(complaints, [])
  })
  await page.close()
}

const server = await servePage()
const browser = await launch()
try {
  await checkBehaviours(browser, `http://127.0.0.1:${server.address().port}/`)
  await checkHomePage(browser)
  await checkReference(browser)
  await checkAccounts({ browser, check, stack: process.env.ACCOUNTS_URL, port: server.address().port })
} finally {
  await browser.close()
  server.close()
}
process.exitCode = exitCode()

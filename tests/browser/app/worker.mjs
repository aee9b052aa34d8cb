// The service worker, on a network that begins to answer and then does not go on.
import { createServer } from 'node:http'
import { stack } from './visitor.mjs'

/** The stack behind a network of its own: {url, silence(), end()}. After `silence()` no file of the page comes any more. */
async function network() {
  let isSilent = false
  const server = createServer(async ({ method, url }, answer) => {
    if (isSilent && url.startsWith('/app/')) return
    const { status, headers, body } = await fetch(stack + url, { method })
    const kept = ['Content-Type', 'Allow'].map((name) => [name, headers.get(name)]).filter(([, value]) => value !== null)
    answer.writeHead(status, { ...Object.fromEntries(kept), 'Cache-Control': 'no-store' })
    for await (const part of body ?? []) answer.write(part)
    answer.end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    silence: () => (isSilent = true),
    end: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

export const worker = {
  'a page whose files do not come begins with those that were kept': async (visitor) => {
    visitor.expect(/net::ERR_/) // at the end
    const { url, silence, end } = await network()
    try {
      await visitor.page.goto(url)
      await visitor.drawn()
      await visitor.page.evaluate(() => navigator.serviceWorker.ready)
      await visitor.page.waitForFunction(() => navigator.serviceWorker.controller)
      silence()
      await visitor.page.goto(url)
      await visitor.drawn()
    } finally {
      end()
    }
  },
}

// What the browser tests share: Debian's Chromium, and a line `ok NAME` or `not ok NAME` for each check.
import { chromium } from 'playwright-core'

export const patience = 20_000 // ms, for whatever is waited for

let failed = 0
/** For process.exitCode. */
export const exitCode = () => (failed > 0 ? 1 : 0)

export async function check(name, run) {
  try {
    await run()
    console.log(`ok ${name}`)
  } catch (error) {
    failed += 1
    console.log(`${String(error.message).trim()}\nnot ok ${name}`)
  }
}

export function same(actual, wanted) {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(wanted)]
  if (left !== right) throw new Error(`${left} is not ${right}`)
}

/** Waits until `ask` answers what is wanted; the last answer is what a failure shows. */
export async function comesTo(ask, wanted, within = patience) {
  const end = Date.now() + within
  let answer = await ask()
  while (JSON.stringify(answer) !== JSON.stringify(wanted) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer = await ask()
  }
  same(answer, wanted)
}

/** `args`: more of Chromium's own. */
export function launch(...args) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    timeout: 60_000,
    args: [
      ...args,
      '--no-sandbox', // root may not have one; only pages of this machine are visited
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost', // no address but this machine's
    ],
  })
}

// The page of the service, as people use it, in a real Chromium against a stack with accounts (STACK_URL, STACK_STATE,
// STACK_MAIL). Each test is done by a visitor who comes for the first time, and fails too when the browser complains of
// anything. With arguments: only tests whose name has one of them.
import { accounts } from './app/accounts.mjs'
import { beyond } from './app/beyond.mjs'
import { conflicts } from './app/conflicts.mjs'
import { list } from './app/list.mjs'
import { moving } from './app/moving.mjs'
import { network } from './app/network.mjs'
import { quality } from './app/quality.mjs'
import { rules } from './app/rules.mjs'
import { sessions } from './app/sessions.mjs'
import { smooth } from './app/smooth.mjs'
import { tabs } from './app/tabs.mjs'
import { Visitor } from './app/visitor.mjs'
import { worker } from './app/worker.mjs'
import { check, exitCode, launch } from './harness.mjs'

const suites = { list, rules, moving, beyond, quality, smooth, accounts, sessions, network, conflicts, tabs, worker }
const wanted = process.argv.slice(2)

const browser = await launch()
try {
  for (const [suite, tests] of Object.entries(suites)) {
    for (const [name, test] of Object.entries(tests)) {
      const title = `${suite}: ${name}`
      if (wanted.length > 0 && !wanted.some((part) => title.includes(part))) continue
      await check(title, async () => {
        const visitor = await Visitor.come(browser)
        try {
          await test(visitor, browser)
        } catch (error) {
          await visitor.context.close()
          throw error
        }
        await visitor.leave()
      })
    }
  }
} finally {
  await browser.close()
}
process.exitCode = exitCode()

// A long list stays smooth: no task of the browser's main thread takes longer than a person notices.
import { comesTo, same } from '../harness.mjs'

const kTodos = 1000
const kLongest = 50 // ms: the browser itself calls more than that a long task
const kRounds = 6 // at most, of which the best counts: a task also lasts while other programs have the processors

/** Straight to the service, with the page's cookies, as eight at a time. */
async function fill(visitor, number) {
  await visitor.add('todo 0000')
  await visitor.saved()
  await visitor.page.evaluate(async (most) => {
    let next = 1
    const lane = async () => {
      while (next < most) {
        const i = next++
        const body = { title: `todo ${String(i).padStart(4, '0')}`, order: 1024 * (i + 1), completed: i % 4 === 0 }
        if (i % 10 === 0) body.notes = 'a first line\nand a second one'
        const answer = await fetch('/v1/todos', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(body),
        })
        if (!answer.ok) throw new Error(await answer.text())
      }
    }
    await Promise.all(Array.from({ length: 8 }, lane))
  }, number)
  await visitor.reload()
  await comesTo(() => visitor.page.locator('.todo-list > li').count(), number)
  await comesTo(() => visitor.page.locator('.status').textContent(), 'Saved')
}

/** The longest task that `act` causes under the filter `hash`: in ms, 0 for one that is not long. In the best of some rounds. */
async function longest(visitor, act, hash = '#/') {
  const { page } = visitor
  let best = Infinity
  for (let round = 0; round < kRounds && best > kLongest; ++round) {
    if (round > 0) await comesTo(() => page.locator('.status').textContent(), 'Saved', 60_000) // what the last one began
    await page.evaluate((to) => {
      location.hash = to
      scrollTo(0, 0)
    }, hash)
    await quiet(page)
    await page.evaluate(() => {
      globalThis.tasks = []
      globalThis.observer?.disconnect()
      globalThis.observer = new PerformanceObserver((entries) => tasks.push(...entries.getEntries().map((task) => task.duration)))
      observer.observe({ type: 'longtask' })
    })
    await act(round)
    await quiet(page)
    best = Math.min(best, await page.evaluate(() => Math.max(0, ...tasks)))
  }
  return best
}
/** Drawn, and the first of what waits is confirmed. */
const quiet = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 500))))
const at = (page, selector) =>
  page.evaluate((which) => {
    const { x, y, width, height } = document.querySelector(which).getBoundingClientRect()
    return [x + width / 2, y + height / 2]
  }, selector)
const click = async (page, selector) => {
  await page.evaluate((which) => document.querySelector(which).scrollIntoView({ block: 'nearest' }), selector)
  await page.mouse.click(...(await at(page, selector)))
}

const acts = {
  scrolling: async ({ mouse }) => {
    await mouse.move(400, 400)
    for (let i = 0; i < 30; ++i) await mouse.wheel(0, i < 15 ? 700 : -700)
  },
  typing: async (page, round) => {
    await click(page, '.new-todo')
    await page.keyboard.type(`another one ${round}`)
    await page.keyboard.press('Enter')
  },
  toggling: (page) => click(page, '.todo-list > li:nth-child(3) .toggle'),
  editing: async (page) => {
    await page.mouse.dblclick(...(await at(page, '.todo-list > li:nth-child(2) label')))
    await page.keyboard.type(' and more')
    await page.keyboard.press('Enter')
  },
  'filtering: active': (page) => click(page, '.filters [href="#/active"]'),
  'filtering: completed': (page) => click(page, '.filters [href="#/completed"]'),
  'filtering: all': (page) => click(page, '.filters [href="#/"]'),
  deleting: async (page) => {
    const [x, y] = await at(page, '.todo-list > li:nth-child(4) .destroy')
    await page.mouse.move(x, y)
    await page.mouse.click(x, y)
    await page.keyboard.press('Control+z')
  },
  dragging: async (page) => {
    const [x, y] = await at(page, '.todo-list > li:nth-child(2) .text')
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x, y + 300, { steps: 20 })
    await page.mouse.up()
  },
  fetching: (page) => page.evaluate(() => dispatchEvent(new Event('online'))),
  'marking all': (page) => click(page, '.toggle-all'), // last, as the service gets 40 of these a second
}

const under = { 'filtering: completed': '#/active', 'filtering: all': '#/completed' }

export const smooth = {
  [`${kTodos} todos stay smooth`]: async (visitor) => {
    await fill(visitor, kTodos)
    const took = {}
    for (const [name, act] of Object.entries(acts)) took[name] = await longest(visitor, (round) => act(visitor.page, round), under[name])
    console.log(`# longest task with ${kTodos} todos, in ms (0: under 50): ${JSON.stringify(took)}`)
    same(Object.entries(took).filter(([, ms]) => ms > kLongest), [])
  },
}

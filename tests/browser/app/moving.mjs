// The order of the todos: with a mouse, with a finger, with keys.
import { comesTo, same } from '../harness.mjs'
import { Visitor } from './visitor.mjs'

const three = ['water the plants', 'buy soil', 'feed the cat']
const announced = (visitor, text) => comesTo(() => visitor.page.locator('.announcement').textContent(), text)

const middle = async (locator) => {
  const { x, y, width, height } = await locator.boundingBox()
  return { x: x + width / 2, y: y + height / 2 }
}
/** With the button down from one todo's text to the other's; the caller lets go. */
export async function drag(visitor, title, over) {
  const { mouse } = visitor.page
  const from = await middle(visitor.row(title).locator('.text'))
  const to = await middle(visitor.row(over))
  await mouse.move(from.x, from.y)
  await mouse.down()
  await mouse.move(from.x, to.y + Math.sign(to.y - from.y) * 4, { steps: 6 })
  await visitor.row(title).and(visitor.page.locator('.dragged')).waitFor()
}
/** What a finger does, at each of `points`. */
async function touch(visitor, ...points) {
  const browser = await visitor.context.newCDPSession(visitor.page)
  const say = (type, touchPoints) => browser.send('Input.dispatchTouchEvent', { type, touchPoints })
  await say('touchStart', [points[0]])
  for (const point of points.slice(1)) await say('touchMove', [point])
  await say('touchEnd', [])
}
const way = (from, to, steps = 8) =>
  Array.from({ length: steps + 1 }, (_, i) => ({ x: from.x, y: from.y + ((to.y - from.y) * i) / steps }))

export const moving = {
  'a todo is dragged down': async (visitor) => {
    await visitor.add(...three)
    await drag(visitor, 'water the plants', 'feed the cat')
    await visitor.page.mouse.up()
    await visitor.ordered('buy soil', 'feed the cat', 'water the plants')
  },
  'a todo is dragged up, and stays there': async (visitor) => {
    await visitor.add(...three)
    await drag(visitor, 'feed the cat', 'buy soil')
    await visitor.page.mouse.up()
    await visitor.ordered('water the plants', 'feed the cat', 'buy soil')
    await visitor.reload()
    await visitor.shows('water the plants', 'feed the cat', 'buy soil')
  },
  'Escape ends a drag where it began': async (visitor) => {
    await visitor.add(...three)
    await drag(visitor, 'water the plants', 'feed the cat')
    await visitor.press('Escape')
    await visitor.page.locator('.dragged').waitFor({ state: 'detached' })
    await visitor.page.mouse.up()
    await visitor.ordered(...three)
    same(await visitor.page.locator('.todo-list > [style*=translate]').count(), 0)
  },
  'a drag under a filter passes what is hidden': async (visitor) => {
    await visitor.add('water the plants', 'buy soil', 'feed the cat', 'pay the rent')
    await visitor.row('buy soil').locator('.toggle').check()
    await visitor.page.locator('.filters').getByText('Active').click()
    await visitor.shows('water the plants', 'feed the cat', 'pay the rent')
    await drag(visitor, 'water the plants', 'feed the cat')
    await visitor.page.mouse.up()
    await visitor.shows('feed the cat', 'water the plants', 'pay the rent')
    await visitor.page.locator('.filters').getByText('All').click()
    await visitor.ordered('buy soil', 'feed the cat', 'water the plants', 'pay the rent')
  },
  'a drag to the edge of the window scrolls': async (visitor) => {
    const titles = Array.from({ length: 30 }, (_, i) => `todo ${String(i).padStart(2, '0')}`)
    await visitor.add(...titles)
    const { mouse } = visitor.page
    const from = await middle(visitor.row('todo 00').locator('.text'))
    await mouse.move(from.x, from.y)
    await mouse.down()
    await mouse.move(from.x, 780, { steps: 4 })
    const atEnd = () => visitor.page.evaluate(() => Math.ceil(scrollY + innerHeight) >= document.body.scrollHeight)
    await comesTo(atEnd, true)
    await mouse.move(from.x, 770)
    await mouse.up()
    await visitor.shows(...titles.slice(1), titles[0])
  },
  'a finger drags by the handle': async (_, browser) => {
    const visitor = await Visitor.come(browser, { hasTouch: true, isMobile: true, viewport: { width: 360, height: 640 } })
    await visitor.add(...three)
    const from = await middle(visitor.row('feed the cat').locator('.handle'))
    const to = await middle(visitor.row('water the plants'))
    await touch(visitor, ...way(from, { ...to, y: to.y - 8 }))
    await visitor.ordered('feed the cat', 'water the plants', 'buy soil')
    await visitor.leave()
  },
  'a finger on the text scrolls, and drags nothing': async (_, browser) => {
    const visitor = await Visitor.come(browser, { hasTouch: true, isMobile: true, viewport: { width: 360, height: 640 } })
    const titles = Array.from({ length: 12 }, (_, i) => `todo ${String(i).padStart(2, '0')}`)
    await visitor.add(...titles)
    await touch(visitor, ...way(await middle(visitor.row('todo 06').locator('.text')), { y: 100 }))
    await comesTo(() => visitor.page.evaluate(() => scrollY > 50), true)
    await visitor.ordered(...titles)
    await visitor.leave()
  },
  'the arrows move a todo by its handle, which keeps the keyboard': async (visitor) => {
    await visitor.add(...three)
    await visitor.row('feed the cat').locator('.handle').focus()
    await visitor.press('ArrowUp')
    await announced(visitor, 'feed the cat: 2 of 3')
    await visitor.press('ArrowUp', 'ArrowUp')
    await announced(visitor, 'feed the cat: 1 of 3')
    await visitor.ordered('feed the cat', 'water the plants', 'buy soil')
    await visitor.press('ArrowDown')
    await announced(visitor, 'feed the cat: 2 of 3')
    same(await visitor.focused(), 'Move feed the cat')
    await visitor.ordered('water the plants', 'feed the cat', 'buy soil')
  },
  'Alt and the arrows move a todo by its checkbox': async (visitor) => {
    await visitor.add(...three)
    await visitor.row('water the plants').locator('.toggle').focus()
    await visitor.press('ArrowDown')
    await visitor.shows(...three)
    await visitor.press('Alt+ArrowDown')
    await announced(visitor, 'water the plants: 2 of 3')
    same(await visitor.focused(), 'water the plants')
    await visitor.press('Alt+ArrowDown', 'Alt+ArrowUp', 'Alt+ArrowDown')
    await visitor.ordered('buy soil', 'feed the cat', 'water the plants')
  },
}

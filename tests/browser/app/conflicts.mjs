// The page and another device change the same list, and neither knows of the other. Nothing that was typed is lost.
import { comesTo, same } from '../harness.mjs'
import { newEmail, stack } from './visitor.mjs'

/** Another device of the same person: changes the todo of that title there, or deletes it where there is no `body`. */
async function elsewhere(visitor, title, body) {
  const token = (await visitor.context.cookies()).find(({ name }) => name === 'todo_access').value
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const todos = await (await fetch(`${stack}/v1/todos`, { headers })).json()
  const { id } = todos.find((todo) => todo.title === title)
  const answer = await fetch(`${stack}/v1/todos/${id}`, { method: body ? 'PATCH' : 'DELETE', headers, body: JSON.stringify(body) })
  same(answer.ok, true)
}
/** What the page does offline, while something else happens elsewhere. */
async function meanwhile(visitor, here, there) {
  await visitor.goOffline()
  await here()
  await there()
  visitor.expect(/status of (404|410|412)/)
  await visitor.goOnline()
  await visitor.saved()
}
const fetched = (visitor) => visitor.page.evaluate(() => dispatchEvent(new Event('online')))
/** As a browser says to a tab that is behind another one, or in front again. */
const isHidden = (visitor, hidden) =>
  visitor.page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
const kCopied = (title, how = 'changed') => `“${title}” was ${how} elsewhere. Your version is kept as a copy.`

export const conflicts = {
  'two titles for one todo: the newer is shown, and mine is beside it': async (visitor) => {
    await visitor.addAndSave('water the plants', 'buy soil')
    await meanwhile(
      visitor,
      () => visitor.rename('water the plants', 'water them here'),
      () => elsewhere(visitor, 'water the plants', { title: 'water them there' }),
    )
    await visitor.notice(kCopied('water them here'))
    await visitor.shows('water them there', 'water them here', 'buy soil')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them there', 'water them here', 'buy soil'])
  },
  'a conflict between two browsers ends the same in both': async (visitor, browser) => {
    const email = newEmail()
    await visitor.addAndSave('water the plants')
    await visitor.signUp(email)
    const other = await visitor.elsewhere(browser, email)
    await other.shows('water the plants')
    await meanwhile(visitor, () => visitor.rename('water the plants', 'water them here'), async () => {
      await other.rename('water the plants', 'water them there')
      await other.saved()
    })
    await visitor.saved()
    await other.reload()
    for (const one of [visitor, other]) await one.shows('water them there', 'water them here')
  },
  'different fields of one todo are both kept, without a copy': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await meanwhile(
      visitor,
      () => visitor.toggle('water the plants'),
      () => elsewhere(visitor, 'water the plants', { title: 'water them there' }),
    )
    await visitor.shows('water them there')
    same(await visitor.doneOnServer(), [['water them there', true]])
  },
  'the same title in both places is no conflict': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await meanwhile(
      visitor,
      () => visitor.rename('water the plants', 'water them all'),
      () => elsewhere(visitor, 'water the plants', { title: 'water them all' }),
    )
    same(await visitor.titlesOnServer(), ['water them all'])
  },
  'a title that was changed twice here is compared with what it was at first': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await meanwhile(
      visitor,
      async () => {
        await visitor.rename('water the plants', 'water some')
        await visitor.rename('water some', 'water them all')
      },
      () => elsewhere(visitor, 'water the plants', { completed: true }),
    )
    same(await visitor.doneOnServer(), [['water them all', true]])
  },
  'a title changed here after a tick does not replace the one from elsewhere': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await meanwhile(
      visitor,
      async () => {
        await visitor.toggle('water the plants')
        await visitor.rename('water the plants', 'water them here')
      },
      () => elsewhere(visitor, 'water the plants', { title: 'water them there' }),
    )
    await visitor.notice(kCopied('water them here'))
    await visitor.saved()
    same(await visitor.doneOnServer(), [['water them there', true], ['water them here', true]])
  },
  'edited here and deleted elsewhere: mine is kept': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await meanwhile(
      visitor,
      () => visitor.rename('water the plants', 'water them here'),
      () => elsewhere(visitor, 'water the plants'),
    )
    await visitor.notice(kCopied('water them here', 'deleted'))
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them here'])
  },
  'ticked here and deleted elsewhere: it is gone': async (visitor) => {
    await visitor.addAndSave('water the plants', 'buy soil')
    await meanwhile(
      visitor,
      async () => {
        await visitor.toggle('water the plants')
        await visitor.toggle('water the plants')
      },
      () => elsewhere(visitor, 'water the plants'),
    )
    await visitor.shows('buy soil')
  },
  'deleted here and changed elsewhere: it stays, and the page says so': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await meanwhile(
      visitor,
      () => visitor.remove('water the plants'),
      () => elsewhere(visitor, 'water the plants', { title: 'water them there' }),
    )
    await visitor.notice('“water them there” was changed elsewhere, so it stays.')
    await visitor.shows('water them there')
  },
  'ticked and deleted here, and changed elsewhere: it stays too': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await meanwhile(
      visitor,
      async () => {
        await visitor.toggle('water the plants')
        await visitor.remove('water the plants')
      },
      () => elsewhere(visitor, 'water the plants', { title: 'water them there' }),
    )
    await visitor.notice('“water them there” was changed elsewhere, so it stays.')
    await visitor.shows('water them there')
  },
  'deleted in both places is deleted': async (visitor) => {
    await visitor.addAndSave('water the plants', 'buy soil')
    await meanwhile(visitor, () => visitor.remove('water the plants'), () => elsewhere(visitor, 'water the plants'))
    await visitor.shows('buy soil')
    same(await visitor.titlesOnServer(), ['buy soil'])
  },

  'a change from elsewhere leaves what is being typed alone, and both are kept': async (visitor) => {
    visitor.expect(/status of 412/)
    await visitor.addAndSave('water the plants', 'buy soil')
    await visitor.write('water the plants', 'water them here')
    await elsewhere(visitor, 'water the plants', { title: 'water them there' })
    await fetched(visitor)
    await comesTo(() => visitor.page.locator('.editing label').textContent(), 'water them there')
    same(await visitor.page.locator('.edit').inputValue(), 'water them here')
    await visitor.page.locator('.edit').press('Enter')
    await visitor.notice(kCopied('water them here'))
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them there', 'water them here', 'buy soil'])
  },
  'so they are where the editor was opened before the last change was sent': async (visitor) => {
    await visitor.addAndSave('water the plants')
    await visitor.goOffline()
    await visitor.toggle('water the plants')
    await visitor.write('water the plants', 'water them here')
    await visitor.goOnline()
    await visitor.saved()
    await elsewhere(visitor, 'water the plants', { title: 'water them there' })
    await fetched(visitor)
    await comesTo(() => visitor.page.locator('.editing label').textContent(), 'water them there')
    await visitor.page.locator('.edit').press('Enter')
    await visitor.notice(kCopied('water them here'))
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water them there', 'water them here'])
  },
  'what is being typed into a todo that is deleted elsewhere is kept': async (visitor) => {
    await visitor.addAndSave('water the plants', 'buy soil')
    await visitor.write('water the plants', 'water them here')
    await elsewhere(visitor, 'water the plants')
    await fetched(visitor)
    await visitor.notice('Your version is kept as a copy.')
    await visitor.shows('buy soil', 'water them here')
    await visitor.saved()
    same((await visitor.titlesOnServer()).sort(), ['buy soil', 'water them here'])
  },
  'what is written while the list is on its way, of a todo that it no longer has, is kept': async (visitor) => {
    visitor.expect(/status of 404/)
    await visitor.addAndSave('water the plants', 'buy soil')
    let release
    const asked = new Promise((resolve) => {
      visitor.page.route(/\/v1\/todos\?/, async (route) => {
        const response = await route.fetch()
        resolve()
        await new Promise((go) => (release = go))
        await route.fulfill({ response })
      }, { times: 1 })
    })
    await elsewhere(visitor, 'water the plants')
    await fetched(visitor)
    await asked
    await visitor.rename('water the plants', 'water them here')
    release()
    await visitor.notice(kCopied('water them here', 'deleted'))
    await visitor.saved()
    same((await visitor.titlesOnServer()).sort(), ['buy soil', 'water them here'])
  },
  'a notice waits for somebody who looks at another tab': async (visitor) => {
    await visitor.page.clock.install()
    await visitor.reload()
    const notices = () => visitor.page.locator('.notice').count()
    await visitor.addAndSave('water the plants')
    await isHidden(visitor, true)
    await visitor.remove('water the plants')
    await visitor.page.clock.runFor(60_000)
    same(await notices(), 1)
    await isHidden(visitor, false)
    await visitor.page.clock.runFor(6000)
    same(await notices(), 1)
    await visitor.page.clock.runFor(3000)
    await comesTo(notices, 0)
  },
}

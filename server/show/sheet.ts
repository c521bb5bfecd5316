/** The sheet for the instructor: all scenes on one page of paper, from the same data that the stage shows. */
import type { Scene, SceneAct } from '../protocol/show.ts'
import type { SettingsChange } from '../protocol/lab.ts'
import { escapeHtml } from '../pages/markdown.ts'

/** Numbers of characters up to which the text of all scenes fits on one page, and the class for this size of the type. */
const SIZES: readonly (readonly [number, string])[] = [
  [3500, 'large'],
  [6000, 'middle'],
  [8600, 'small'],
]

/** Returns the sheet as an HTML document. `joinAt`: address at which the class joins, if it is known. */
export function sheetPage(scenes: readonly Scene[], joinAt: string | undefined): string {
  const usual = scenes.filter(({ spare }) => !spare)
  const spares = scenes.filter(({ spare }) => spare)
  const minutes = usual.reduce((sum, scene) => sum + scene.minutes, 0)
  let from = 0
  // The stage has the same numbers. The scene in which the class joins has none.
  const numbered = scenes.filter(({ view }) => view !== 'join')
  const numberOf = (scene: Scene): string => (scene.view === 'join' ? '' : `${numbered.indexOf(scene) + 1}`)
  const parts = usual.map((scene) => {
    const part = sceneHtml(scene, numberOf(scene), `${from}\u2013${from + scene.minutes} min`)
    from += scene.minutes
    return part
  })
  const spareParts = spares.map((scene) => sceneHtml(scene, numberOf(scene), `${scene.minutes} min`))
  const body = `${parts.join('\n')}${spares.length > 0 ? `\n<p class="spare">Spare scenes</p>\n${spareParts.join('\n')}` : ''}`
  const length = body.replace(/<[^>]*>/g, '').length
  const size = SIZES.find(([most]) => length <= most)?.[1] ?? 'tiny'
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Fourwire: sheet of the show</title>
    <link rel="icon" href="/icon.svg" />
    <link rel="stylesheet" href="/sheet/sheet.css" />
  </head>
  <body class="${size}">
    <header>
      <h1>The show: ${usual.filter(({ view }) => view !== 'join').length} scenes in ${minutes} minutes</h1>
      <p>${joinAt === undefined ? '' : `The class joins at <b>${escapeHtml(joinAt)}</b>. `}Each scene: ask and vote, close the vote, run, explain. Page Down goes on, Page Up goes back, <kbd>B</kbd> blanks the stage.</p>
    </header>
    <main>
${body}
    </main>
  </body>
</html>
`
}

function sceneHtml(
  { title, question, answers, set, acts, runS, explain, notes }: Scene,
  number: string,
  when: string,
): string {
  const options = answers.map(({ text }) => escapeHtml(text)).join(' · ')
  const settings = [...settingsWords(set), ...acts.flatMap(actWords)].join('; ')
  return `<section>
  <h2><b>${number}</b> ${escapeHtml(title)} <span>${when}, runs ${runS} s</span></h2>
  <p><q>${escapeHtml(question)}</q>${options === '' ? '' : ` <i>${options}</i>`}${settings === '' ? '' : ` [${escapeHtml(settings)}]`}</p>
  <ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>
  <p><b>Why:</b> ${escapeHtml(explain)}</p>
</section>`
}

/** Returns the settings in words. */
function settingsWords({ ratePerSecond, conditions = {} }: SettingsChange): string[] {
  const rate = ratePerSecond === undefined ? [] : [`${ratePerSecond} messages a second`]
  const named = Object.entries(conditions).flatMap(([name, value]) => {
    if (value === false || value === 0) return []
    return value === true ? wordsOf(name) : `${wordsOf(name)} ${measureOf(name, value)}`
  })
  return [...rate, ...named]
}

function actWords({ atS, cut, restart, set }: SceneAct): string[] {
  const acts = [
    ...(restart ? ['the server restarts'] : []),
    ...(cut === undefined ? [] : [`all connections are cut (${cut})`]),
    ...settingsWords(set ?? {}),
  ]
  return acts.map((act) => `after ${atS} s: ${act}`)
}

/** Turns the name of a condition into words: `idleCutMs` is `idle cut`. */
const wordsOf = (name: string): string =>
  name.replace(/(?:Ms|BytesPerSecond|Bytes|Rate)$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

function measureOf(name: string, value: number): string {
  if (name.endsWith('Rate')) return `${value * 100} %`
  const text = value.toLocaleString('en')
  if (name.endsWith('Ms')) return `${text} ms`
  return name.endsWith('BytesPerSecond') ? `${text} bytes a second` : `${text} bytes`
}

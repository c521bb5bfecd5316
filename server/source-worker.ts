import { parentPort } from 'node:worker_threads'
import { createHighlighterCore } from '@shikijs/core'
import type { HighlighterCore, ThemeRegistrationRaw } from '@shikijs/core'
import { createJavaScriptRegexEngine } from '@shikijs/engine-javascript'
import typescript from '@shikijs/langs/typescript'
import type { SourcePiece } from './protocol.ts'

/** The worker of `source.ts`: is sent a text, sends back its lines of pieces. */
parentPort?.on('message', async (text: string) => parentPort?.postMessage(await split(text)))

async function split(text: string): Promise<SourcePiece[][]> {
  highlighter ??= load()
  const lines = (await highlighter).codeToTokensBase(text, { lang: 'typescript', theme: THEME.name })
  return lines.map((line) => merged(line.map(({ content, color }) => ({ kind: kindOf(color), text: content }))))
}

let highlighter: Promise<HighlighterCore> | undefined

function load(): Promise<HighlighterCore> {
  return createHighlighterCore({ themes: [THEME], langs: [typescript], engine: createJavaScriptRegexEngine() })
}

type Kind = SourcePiece['kind']

/** A theme gives colours, and it is kinds that are wanted: each stands as a colour that no one will see. */
const COLOUR: Readonly<Record<Kind, string>> = {
  plain: '#000000',
  comment: '#000001',
  keyword: '#000002',
  string: '#000003',
}

/** Which of TextMate's scopes are of which kind; the longer and deeper match wins. */
const THEME = {
  name: 'kinds',
  settings: [
    { settings: { foreground: COLOUR.plain } },
    setting('comment', 'comment'),
    setting('keyword', 'keyword', 'storage', 'constant.language', 'variable.language'),
    // The scopes of signs and of what stands between them in a `${…}` begin with those of words and strings.
    setting('plain', 'keyword.operator', 'storage.type.function.arrow', 'meta.template.expression'),
    setting('keyword', 'keyword.operator.new', 'keyword.operator.expression'),
    // … and within an expression or a comment everything is of its kind.
    setting('string', 'string', 'string.regexp keyword.operator', 'string.regexp keyword', 'string.regexp constant'),
    setting('comment', 'comment storage', 'comment keyword', 'comment constant', 'comment variable'),
  ],
} satisfies ThemeRegistrationRaw

function setting(kind: Kind, ...scope: string[]) {
  return { scope, settings: { foreground: COLOUR[kind] } }
}

function kindOf(colour = COLOUR.plain): Kind {
  const kinds: readonly Kind[] = ['comment', 'keyword', 'string']
  return kinds.find((kind) => COLOUR[kind] === colour) ?? 'plain'
}

/** Joins neighbours of one kind, so that the page draws as few elements as can be. */
function merged(pieces: readonly SourcePiece[]): SourcePiece[] {
  const joined: SourcePiece[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    if (last?.kind === piece.kind) joined[joined.length - 1] = { kind: piece.kind, text: last.text + piece.text }
    else joined.push(piece)
  }
  return joined
}

/** Rules for the names of people: allowed names, equal names and names of the instructor. */
import { FeedError, quote } from '../http/errors.ts'

/** Maximum length of a name, in code points. */
const NAME_LENGTH = 64

/**
 * Characters that nobody can see or that reorder the text around them: control, bidirectional and zero-width
 * characters, line separators, lone surrogates, fillers and the Braille blank.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/u

/** Variation selectors change how a character looks (an emoji in colour). They do not make a different name. */
const SELECTORS = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu

/**
 * Returns the name in NFC, trimmed, with single spaces. Throws `bad-name` (400) if it is empty, longer than
 * 64 code points, or has characters that nobody can see.
 */
export function readName(given: string): string {
  const name = given.normalize('NFC').trim().replace(/\s+/g, ' ')
  const unseen = UNSEEN.exec(given)
  if (unseen) {
    const code = (unseen[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    throw new FeedError(
      'bad-name',
      `The name ${quote(visible(given))} has the character U+${code}, which nobody can see.`,
    )
  }
  const { length } = Array.from(name)
  if (/[\p{L}\p{N}\p{S}\p{P}]/u.test(name) && length <= NAME_LENGTH) return name
  throw new FeedError('bad-name', `The name ${quote(given)} has ${length} characters; 1 to ${NAME_LENGTH} are allowed.`)
}

/** Two names with the same key are the same name: `Ada`, `ADA` and `Ａｄａ`. */
export function nameKey(name: string): string {
  const plain = name.toWellFormed().normalize('NFKC').replace(SELECTORS, '').trim().replace(/\s+/g, ' ')
  return plain.toUpperCase().toLowerCase().normalize('NFKC')
}

/**
 * Returns true if people could believe that the name belongs to the instructor. Examples: `Teacher`, `the teacher`,
 * `T e a c h e r`, `teach3r`, and `Teacher` with a Cyrillic letter in it.
 */
export function isReserved(name: string): boolean {
  const key = nameKey(name)
  // `Teach3r` and `Te@cher` replace a letter by another sign. `Teacher 1` and `@teacher` add signs to the word.
  return [key, key.replace(/\P{L}/gu, ''), key.replace(/^\P{L}+|\P{L}+$/gu, '')].map(skeleton).some((word) => {
    return RESERVED.has(word) || RESERVED.has(word.replace(/^(?:the|your|our|my|mrs?|miss|ms|dr|herr|frau)/, ''))
  })
}

/**
 * Letters of other alphabets, small capitals, digits and signs that look like a Latin letter, each followed by that
 * letter. An l counts as an I, because the two look alike.
 */
const LOOK_ALIKES =
  'аaеeоoрpсcуyхxіiјjѕsһhвbкkмmнhтtгrԁdӏiѵvԛqԝwոnսuօoαaβbεeηnιiκkνvοoρpτtυuχx' +
  'ᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟiᴍmɴnᴏoᴘpʀrꜱsᴛtᴜuᴠvᴡwʏyᴢzɑaɡgɛeøo0o1i3e4a5s7tıili|i!i@a$s'

const LATIN: Partial<Record<string, string>> = Object.fromEntries(
  Array.from(LOOK_ALIKES.matchAll(/(.)(.)/gu), ([, letter, latin]) => [letter, latin]),
)

/** Returns only the letters, each replaced by the Latin letter that it looks like. */
function skeleton(key: string): string {
  return Array.from(key.normalize('NFD'), (letter) => LATIN[letter] ?? letter)
    .join('')
    .replace(/[^\p{L}]/gu, '')
    .replaceAll('rn', 'm')
}

const RESERVED = new Set(
  [
    'teacher instructor professor prof lecturer tutor trainer admin administrator moderator mod host root system',
    'server fourwire staff lehrer lehrerin dozent dozentin professorin profesor profesora maestro maestra docente',
    'enseignant enseignante professeur insegnante professore leraar nauczyciel ogretmen',
    'учитель преподаватель 老师 教师 先生',
  ]
    .flatMap((words) => words.split(' '))
    .map(skeleton),
)

/** Returns the text with each unseen character written as its code, so that an error can show it. */
function visible(text: string): string {
  return Array.from(text, (letter) =>
    UNSEEN.test(letter) ? `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}` : letter,
  ).join('')
}

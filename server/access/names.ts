/**
 * Rules for people's names: which names are allowed, which count as equal, and which are reserved for the instructor.
 */
import { FeedError, quote } from '../http/errors.ts'

/** Maximum length of a name, in code points. */
const NAME_LENGTH = 64

/**
 * Characters that nobody can see or that reorder the text around them: control, bidirectional and zero-width
 * characters, line separators, lone surrogates, fillers and the Braille blank.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/u

/**
 * Variation selectors change only how a character looks (for example, an emoji in colour). Two names that differ only
 * in variation selectors count as equal.
 */
const SELECTORS = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu

/**
 * Returns the name in NFC, without spaces at its ends and with single spaces between its words. Throws `bad-name` (400)
 * if the name is empty, is longer than 64 code points, or has a character that nobody can see.
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

/** Returns the key of a name. Two names with the same key count as equal: `Ada`, `ADA` and `Ａｄａ`. */
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
  // Some names replace a letter with another sign: `Teach3r`, `Te@cher`. Others add signs to the word: `Teacher 1`,
  // `@teacher`.
  return [key, key.replace(/\P{L}/gu, ''), key.replace(/^\P{L}+|\P{L}+$/gu, '')].map(skeleton).some((word) => {
    return RESERVED.has(word) || RESERVED.has(word.replace(/^(?:the|your|our|my|mrs?|miss|ms|dr|herr|frau)/, ''))
  })
}

/**
 * Pairs of characters. The first of a pair is a letter of another alphabet, a small capital, a digit or a sign. The
 * second is the Latin letter that the first looks like. A small `l` counts as an `i`, because `l` and a capital `I`
 * look alike.
 */
const LOOK_ALIKES =
  'аaеeоoрpсcуyхxіiјjѕsһhвbкkмmнhтtгrԁdӏiѵvԛqԝwոnսuօoαaβbεeηnιiκkνvοoρpτtυuχx' +
  'ᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟiᴍmɴnᴏoᴘpʀrꜱsᴛtᴜuᴠvᴡwʏyᴢzɑaɡgɛeøo0o1i3e4a5s7tıili|i!i@a$s'

const LATIN: Partial<Record<string, string>> = Object.fromEntries(
  Array.from(LOOK_ALIKES.matchAll(/(.)(.)/gu), ([, letter, latin]) => [letter, latin]),
)

/**
 * Replaces each character with the Latin letter that it looks like. Then removes everything that is not a letter, and
 * replaces `rn` with `m`.
 */
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

/** Replaces each character that nobody can see with its code, so that an error can show the code. */
function visible(text: string): string {
  return Array.from(text, (letter) =>
    UNSEEN.test(letter) ? `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}` : letter,
  ).join('')
}

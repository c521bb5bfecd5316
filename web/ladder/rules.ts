/**
 * Draws a rule through all lanes at the time at which each message was published. The label above the rule is the
 * message's number or text.
 */
import { firstAtOrAfter } from '../lane/search.ts'
import type { Message } from '../lane/messages.ts'
import { textWidth } from '../drawing/canvas.ts'
import type { Colours } from '../drawing/colours.ts'
import { createLabels } from './labels.ts'
import type { Labels } from './labels.ts'
import { xAt } from './time.ts'
import type { Span } from './geometry.ts'
import type { Pen } from '../drawing/pen.ts'

/** A published message, and the time of its publication on this page's clock. */
export interface Rule {
  readonly message: Message
  readonly atMs: number
}

/** In a dense span, the ladder draws only every tenth rule, and the rule of each chat message. */
const SPARSE = 10
const LONGEST_TEXT = 48

export function rulesOf(messages: readonly Message[], span: Span, offsetMs: number): readonly Rule[] {
  const at = (ms: number): number => firstAtOrAfter(messages, ms + offsetMs, (message) => message.event.at)
  return messages
    .slice(at(span.fromMs), at(span.endMs))
    .filter((message) => !span.dense || isLandmark(message))
    .map((message) => ({ message, atMs: message.event.at - offsetMs }))
}

export function drawRules(
  pen: Pen,
  colours: Colours,
  span: Span,
  rules: readonly Rule[],
  top: number,
  bottom: number,
): void {
  for (const chat of [false, true]) {
    pen.beginPath()
    for (const { message, atMs } of rules) {
      if (isChat(message) !== chat) continue
      const x = Math.round(xAt(span, atMs)) + 0.5
      pen.moveTo(x, top)
      pen.lineTo(x, bottom)
    }
    pen.lineWidth = 1
    pen.strokeStyle = chat ? colours.ink : colours.edge
    pen.stroke()
  }
}

/**
 * `sparse`: labels that are chosen among all messages. `dense`: labels that are chosen among the messages whose rule is
 * drawn in a dense span too.
 */
export interface RuleLabels {
  readonly sparse: Labels<Message>
  readonly dense: Labels<Message>
}

export function createRuleLabels(pen: Pen, font: (message: Message) => string): RuleLabels {
  return { sparse: labelsOf(pen, font, () => true), dense: labelsOf(pen, font, isLandmark) }
}

function labelsOf(
  pen: Pen,
  font: (message: Message) => string,
  isEligible: (message: Message) => boolean,
): Labels<Message> {
  return createLabels<Message>({
    isEligible,
    idOf: ({ order }) => order,
    atMs: ({ event }) => event.at,
    spacePx: (message) => textWidth(pen, font(message), labelOf(message)) + 10,
    matters: isChat,
  })
}

/**
 * Draws the labels; `y` is their base line. A number is drawn only if there is room to the right of its rule. A text
 * that a person wrote stands left of its rule until there is room on the right.
 */
export function drawRuleLabels(
  pen: Pen,
  colours: Colours,
  span: Span,
  rules: readonly Rule[],
  labels: Labels<Message>,
  font: (message: Message) => string,
  y: number,
): void {
  pen.textAlign = 'left'
  pen.textBaseline = 'alphabetic'
  for (const { message, atMs } of rules) {
    if (!labels.has(message)) continue
    const chat = isChat(message)
    const text = labelOf(message)
    const width = textWidth(pen, font(message), text)
    const x = xAt(span, atMs)
    const fits = x + 4 + width < span.width
    if (!fits && !chat) continue
    const left = fits ? x + 4 : x - 4 - width
    if (!fits) {
      pen.fillStyle = colours.paper
      pen.fillRect(left - 4, y - 12, width + 6, 15)
    }
    pen.fillStyle = chat ? colours.ink : colours.ink3
    pen.fillText(text, left, y)
  }
}

function isLandmark(message: Message): boolean {
  return isChat(message) || message.seq % SPARSE === 0
}

/** A chat message that a person wrote. */
type WrittenMessage = Message & { readonly event: Extract<Message['event'], { readonly type: 'message' }> }

export function isChat(message: Message): message is WrittenMessage {
  return message.event.type === 'message'
}

function labelOf({ event, seq }: Message): string {
  if (event.type !== 'message') return String(seq)
  const text = `${event.user}: ${event.text}`
  // Some control characters change the direction of the text, so they could reverse the line, and a canvas cannot
  // isolate them.
  const plain = text.slice(0, LONGEST_TEXT * 2).replace(/[\p{Cc}\p{Cf}]/gu, '')
  return plain.length > LONGEST_TEXT ? `${plain.slice(0, LONGEST_TEXT)}…` : plain
}

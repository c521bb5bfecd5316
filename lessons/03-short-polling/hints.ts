/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'

export const words = {
  'short-poll': {
    'after-the-cursor': {
      title: 'Returns the events after the cursor, without the cursor’s own event',
      repeats: [
        'The client named the event that it already has, and your server sent that event again.',
        'Look at where you cut the list. On which side is the event that the cursor names?',
        'A cursor names the last event that the client has read. New events come after it: compare with "greater than", not "greater than or equal".',
      ],
      missing: [
        'An event after the client’s cursor is missing from the response.',
        'Look at where you cut the list, and at what happens if the cursor is not found in the list.',
        'The response has to contain every event after the cursor. The client will not ask for them a second time.',
      ],
      order: [
        'The events are there, but not in the order in which they were published.',
        'Look at what your code does to the list. Does it sort or reverse it?',
        'A feed has one order for every client: oldest first.',
      ],
      cursor: [
        'The events are right, but the cursor in the response is not the id of the last one.',
        'Look at which event you take the cursor from.',
        'The next request starts where this response ends, so the cursor has to name the last event of this response.',
      ],
    },
    'first-answer': {
      title: 'Gives a cursor to a client that has none',
      'no-cursor': [
        'The client sent no cursor, and your response contains none or the wrong one.',
        'Look at the condition for 204. Does it check whether the client sent a cursor?',
        'A new client needs to know the current position of the feed. Without a cursor it can never ask for later events.',
      ],
      history: [
        'The client sent no cursor, and it got events from before its first request.',
        'Look at the value of `from` if `after` is undefined.',
        'A client without a cursor starts at the end of the feed. If it wants older events, it asks for them with after=0 or last=N.',
      ],
      cached: [
        'A cache may store your response, and then send it to clients instead of your server.',
        'Look at the header that the file sets before the TODOs. Is it still there?',
        'The events in a cached response are old ones (RFC 9111, section 5.2.2.5).',
      ],
    },
    'nothing-new': {
      title: 'Responds with 204 and no body if there are no new events',
      'empty-list': [
        'There were no new events, and your server still sent a body.',
        'Look at what you return if the list is empty. Does your code handle 204?',
        'Most polls find nothing. The status 204 No Content (RFC 9110, section 15.3.5) says this in the fewest bytes. The client keeps its cursor.',
      ],
      repeats: [
        'The client had every event, and your server sent one of these events again.',
        'Look at where you cut the list if the cursor names the last event.',
        'New events come after the cursor. After the last event there are none.',
      ],
    },
    'one-instant': {
      title: 'Distinguishes two messages with the same time',
      'by-time': [
        'Two messages have the same time. The client had the first one, and the second one never came.',
        'Look at what you compare: the times of the events, or their positions in the list?',
        'Two messages can have the same time, so a time does not identify a message. Its position in the list does.',
      ],
    },
    'a-wrong-clock': {
      title: 'Decides what is new without using a clock',
      'by-clock': [
        'The messages have times that are an hour away from your clock, and not all of them were delivered.',
        'Look for a comparison with a time: the time of an event, or the current time.',
        'Clocks are set back, run ahead, and differ between machines. Whether a client already has a message does not depend on time.',
      ],
    },
    'past-the-ninth': {
      title: 'Continues correctly after the ninth message',
      'as-text': [
        'Everything was right up to the ninth message. Later messages were lost or repeated.',
        'Look at how you compare two cursors. As text, "10" comes before "9".',
        'A cursor is opaque: you can search for it in the list, but comparing it as text gives no order. The list itself has the order.',
      ],
    },
    'two-readers': {
      title: 'Serves each client according to its own cursor',
      shared: [
        'Two clients sent the same request, one after the other, and the second one got less.',
        'Look for a variable outside the handler, which keeps its value between requests.',
        'Each request brings the client’s cursor, so the server does not need to remember clients. A variable that all clients share is right only for the first of them.',
      ],
    },
    'a-limit': {
      title: 'Shortens a long response without losing the rest',
      'too-many': [
        'The client asked for at most two events, and got a different list.',
        'Look at whether `limit` is used where you cut the list.',
        'Without a limit, a client that was away for a long time gets everything in one response.',
      ],
      skipped: [
        'The response was shortened, but its cursor is later than the last event in it.',
        'Look at which event you take the cursor from: the last one of the room, or the last one of this response?',
        'The cursor has to name the last event that the client received. The client never gets the events between that event and a later cursor.',
      ],
      more: [
        'The value of `more` is wrong. `more` has to be true if there are events after those in this response.',
        'Look at how you calculate `more`. Compare the number of events after the cursor with the number that you send.',
        'If `more` is true, the client asks again at once; otherwise it pauses first. If the value is wrong, the client waits although there are events, or sends a request that finds none.',
      ],
    },
    'a-gap': {
      title: 'Reports a gap if the cursor’s events are no longer kept',
      silent: [
        'The events after the client’s cursor are no longer kept, and your response does not report it.',
        'Look at `gap`, which the file has calculated for you. Do you return it?',
        'If the server hides a loss, the client displays an incomplete list as if it were complete.',
      ],
      rest: [
        'Your response reported the gap, but the rest of it is wrong: the kept events, or the cursor.',
        'Look at where you cut the list if `from` is not found in it.',
        'After a gap, reading continues from the earliest event that is still kept.',
      ],
    },
  },
} satisfies Words

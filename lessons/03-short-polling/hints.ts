/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const NO_REQUEST: Hint = [
  'The client was started and sent no request.',
  'Look at what runs when `connect` is called, and at the call of `fetch`.',
  'A client begins to ask at once. The first response tells it where the room ends.',
]

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
      changed: [
        'The right events came back, but a field of an event is missing or has another value.',
        'Look at what your code does with each event before it sends the list.',
        'The feed has made the events, and every transport has to deliver the same ones. Send them as they are.',
      ],
      flags: [
        'The events are right, but `gap` or `more` is missing or wrong.',
        'Look at the object that you return. It needs events, cursor, gap and more in every response with 200.',
        'The client decides by these two fields what it does next. A missing field is not the same as false for every program.',
      ],
      'not-json': [
        'The body is JSON, but the header of your response does not say so.',
        'Look at how you send the response. Fastify sets the header if you return an object, and not if you return a text.',
        'Programs, and the tools of a browser, read a body as its Content-Type says.',
      ],
      remembers: [
        'An earlier request has changed what a later request of the same client gets.',
        'Look for a variable outside the handler, which keeps its value between requests.',
        'A response can be lost, and the server does not notice it. So only the cursor of the request may decide what is sent, and each request reads the feed anew.',
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
    'an-empty-room': {
      title: 'Gives a cursor for a room without messages',
      'no-cursor': [
        'The room is empty, and your response contains no usable cursor.',
        'Look at where the cursor comes from if there is no event at all.',
        'The beginning of an empty room is a position too. The file has it already, in `from`.',
      ],
      useless: [
        'The client asked with the cursor that it got in the empty room, and the first message did not come.',
        'Look at which cursor you return if there is no event.',
        'A cursor is a promise: everything after this position will be delivered. This is also true for the position before the first message.',
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
      cached: [
        'The status is right, but a cache may store this response and send it again when there are events.',
        'Look at the header Cache-Control of the 204. Do you set it only if there are events?',
        'A cache may store a 204 too (RFC 9110, section 15.3.5). Then the client would hear again and again that nothing is new.',
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
      'sorted-by-clock': [
        'All events came, but in the order of their times, not in the order in which they were published.',
        'Look for code that sorts the events.',
        'The feed has put the events in order already. A clock that was set back would put a later message first.',
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
    'another-epoch': {
      title: 'Works with cursors of any length',
      'cut-off': [
        'The first part of the cursors is longer than before, and events were lost, repeated or not counted.',
        'Look for code that takes a cursor apart, for example at a fixed number of characters.',
        'The first part of a cursor is another text each time the feed begins again. You can search for a cursor in the list without taking it apart.',
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
    'a-long-room': {
      title: 'Sends at most 500 events in one response, and finds every event of a long room',
      unlimited: [
        'The room has 501 messages, and one response has to hold the first 500 of them.',
        'Look at `limit`, which the file has calculated for you. Is it still the smaller of two numbers?',
        'The client may ask for less than the server allows, but not for more. Otherwise one request could fetch everything at once.',
      ],
      'far-back': [
        'The client is 500 messages behind, and did not get all of them.',
        'Look at how many events you read from the feed, and at how you compare two positions.',
        'A client that was away for an hour asks like any other. The server finds its place, wherever it is.',
      ],
    },
    'during-the-request': {
      title: 'Loses and repeats nothing that is published while it reads the feed',
      between: [
        'A message was published between two steps of your handler. The client got it twice, or never, or got older messages too.',
        'Look at the order in which you read the position and the list, and at what happens if `from` is not in the list.',
        'Between two calls with `await`, anything can happen. Read the position first and the list after it, so that the list contains everything after the position.',
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
    'another-feed': {
      title: 'Reports a gap to a client with a cursor of an earlier feed',
      'not-noticed': [
        'The cursor is not from this feed, and your response does not report a gap.',
        'Look at where you compare cursors. Do you use the value `gap` that the file has calculated?',
        'After a feed has begun again, the same numbers name other messages. A client has to learn that it missed something.',
      ],
      'from-the-start': [
        'Your response reported the gap, but it does not contain the events that the feed has now.',
        'Look at where you cut the list: at the cursor that the client sent, or at `from`?',
        'The client has nothing of this feed. So it gets everything that is kept, and the cursor after it.',
      ],
    },
    'no-event-asked': {
      title: 'Says that there is more, even if the client asked for no event',
      'more-to-come': [
        'There are events after the cursor, and your response says that there are none.',
        'Look at the condition for 204, and at `more`. An empty list can have two reasons.',
        'A response without events can mean that nothing is new, or that the limit is 0. Only the first of these is a 204.',
      ],
      none: [
        'The client asked for at most 0 events and got a different list.',
        'Look at how you treat a limit of 0. Does it count as no limit?',
        'In JavaScript 0 counts as false, and `||` replaces it. The operator `??` replaces only a missing value.',
      ],
      jumped: [
        'Your response contains no event, and its cursor has moved.',
        'Look at which cursor you return if the list is empty.',
        'The cursor may only pass events that the response contains. Without an event it stays where it was.',
      ],
    },
  },
  client: {
    'first-cursor': {
      title: 'Begins without a cursor, and keeps the one that it gets',
      'another-path': [
        'The first request of the client went to another address than the one of your server.',
        'Look at the address letter by letter: the room, the word poll, and what comes before the question mark.',
        'The client and the server have to agree on the address. For another one, the server responds with 404.',
      ],
      'made-up': [
        'A client without a cursor was started, and its first request named a cursor.',
        'Look at how the address of the first request is made.',
        'Without `after`, the server returns the current end of the room. A client cannot know this position in advance.',
      ],
      'no-second': [
        'The client sent one request and got a response. It did not ask again.',
        'Look at what happens after the first response. What makes the client ask again?',
        'Polling is a loop: ask, wait, ask again. Nobody else calls your function a second time.',
      ],
      'not-kept': [
        'A response without events brought a cursor, and the next request did not name this cursor.',
        'Look at where the client takes its new cursor from. Is it there if the list of events is empty?',
        'The cursor of the response is the position for the next request. It is there even if no event is.',
      ],
    },
    'each-once': {
      title: 'Delivers each event once and in order, and asks for later ones',
      'not-begun': [
        'A client with a cursor was started, and its first request did not name this cursor.',
        'Look at how the address of the first request is made.',
        'A page may know already how far it has read. It begins after that position.',
      ],
      lost: [
        'A response brought events, and the page did not get all of them.',
        'Look at what you do with the list of events in a response.',
        'A response can bring many events. Each of them goes to the listener.',
      ],
      doubled: [
        'The page got one event more than once.',
        'Look at which events you deliver, and when the cursor moves.',
        'An event is delivered when it comes for the first time. After that, the cursor is behind it.',
      ],
      order: [
        'The page got the events in another order than the response had them.',
        'Look at the loop over the events.',
        'The server sends the oldest event first. The order of the list is the order of the conversation.',
      ],
      'no-second': [
        'A response brought events, and the client did not ask again.',
        'Look at what happens after a response with events.',
        'Polling is a loop: ask, wait, ask again. It goes on whatever the response was.',
      ],
      'not-kept': [
        'The next request did not name the cursor of the response.',
        'Look at where the client takes its new cursor from.',
        'The response says after which position the next one begins. A client does not look inside a cursor, and does not calculate with it.',
      ],
      'ends-at-204': [
        'The server responded with 204, and the client did not ask again.',
        'Look at what your loop does if a response has no body.',
        '204 means: nothing new. This is the usual response, and the reason to ask again later.',
      ],
      'lost-at-204': [
        'After a response with 204, the next request had another cursor, or none.',
        'Look at what you read from a response that has no body.',
        'A 204 brings no cursor. The client keeps the one that it has.',
      ],
    },
    'the-interval': {
      title: 'Waits for the interval after each response, and sends one request at a time',
      overlap: [
        'The client sent a second request while the first one had no response.',
        'Look at what starts the next request: a response, or the clock?',
        'On a slow network, a response can take longer than the interval. A client that asks by the clock then has several requests under way, and gets the same events twice.',
      ],
      'too-often': [
        'The client asked again before the interval was over.',
        'Look at where the loop waits, and at whether the pause is awaited.',
        'Without the pause, a client sends as many requests as the network carries. The server cannot prevent this.',
      ],
      'too-seldom': [
        'The client did not ask again when the interval was over.',
        'Look at how long the loop waits, and at whether it waits more than once.',
        'The interval decides how old a message is when it arrives. The page promised one second.',
      ],
    },
    'more-at-once': {
      title: 'Asks again at once if the server has more events already',
      waits: [
        'The response said that there are more events, and the client waited for the interval.',
        'Look at the field `more` of the response. Which part of the loop depends on it?',
        'A client that was away for an hour needs several responses. With a pause between them, it needs minutes to catch up.',
      ],
      'for-ever': [
        'The response said that there are no more events, and the client asked again at once.',
        'Look at what your loop remembers of earlier responses.',
        'Each response says anew whether there are more events.',
      ],
      ends: [
        'After several responses, the client did not ask again.',
        'Look at what ends your loop.',
        'Only the page ends the client. No response does.',
      ],
      lost: [
        'Several responses brought one event each, and the page did not get each of them once.',
        'Look at what you do with the events before you ask again.',
        'A response with more to come has events too.',
      ],
    },
    'goes-on': {
      title: 'Goes on after an error, with the same cursor',
      crash: [
        'A request failed, and nobody caught the error. In a page, the client would be dead.',
        'Look at what `fetch` and `json` do if no answer comes, and at who awaits the function that asks.',
        'A promise that rejects ends the loop that awaits it. Networks fail all the time, so the loop has to expect it.',
      ],
      'gave-up': [
        'The server was in trouble for a moment, and the client did not ask again.',
        'Look at what an error ends: one round, or the loop?',
        'A browser sends a request once. It does not try again by itself: this is the work of the page.',
      ],
      'lost-its-cursor': [
        'After a response with an error, the client asked without its cursor, or with another one.',
        'Look at what you check before you read a response. Does `fetch` reject if the status is 500?',
        '`fetch` resolves for every status. The body of an error may even be JSON, but it has no cursor.',
      ],
      'no-pause': [
        'The server was in trouble, and the client asked again at once.',
        'Look at whether the loop waits after an error too.',
        'A server that is overloaded needs fewer requests. A client without a pause sends more of them than ever.',
      ],
      lost: [
        'The server was in trouble for a moment, and the page did not get the next event exactly once.',
        'Look at the first response after the trouble.',
        'The client still knows its cursor, so it can continue as if nothing had happened.',
      ],
    },
    stops: {
      title: 'Stops: aborts the request that is under way, and asks no more',
      'not-aborted': [
        'The client was stopped, and its request was still under way.',
        'Look at the options of `fetch`. How does the request learn that it is not wanted any more?',
        'An AbortController has a signal. A request that gets the signal ends when the controller aborts.',
      ],
      'asks-on': [
        'The client was stopped, and it called `fetch` again.',
        'Look at the condition of your loop, and at what is still to come after the pause.',
        'A page that shows another room stops the old client. If its loop goes on, there is one loop more for each room.',
      ],
      'timer-left': [
        'The client was stopped, and one of its timers still runs.',
        'Look at each timer that your client sets. Which of them fires only once, and who ends the others?',
        'A timer that repeats runs as long as the page is open, even if nobody waits for it any more.',
      ],
    },
  },
} satisfies Words

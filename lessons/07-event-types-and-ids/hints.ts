/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const NO_STREAM: Hint = [
  'The client was started and sent no request.',
  'Look at what runs when `connect` is called, and at the call of `fetch`.',
  'A client connects at once. The stream tells it where the room ends.',
]

export const words = {
  sse: {
    'an-id-with-each': {
      title: 'Sends each message with its id',
      'not-a-stream': [
        'The head of your response is not the head of an event stream, so a browser closes it and does not reconnect.',
        'Look at the status and the headers that you send first. The start of this lesson had them already.',
        'An EventSource reads a stream only if the status is 200 and the content type is text/event-stream (lesson 5).',
      ],
      'no-id': [
        'A message came without an id, so the browser does not know its position.',
        'Look at the fields that you write for an event. Which of them carries the id?',
        'A browser remembers the last id field, and sends it back when it reconnects. It does not look at the id inside your JSON.',
      ],
      misplaced: [
        'The id of a message came after the blank line that ended the message.',
        'Look at the order of the lines of one event.',
        'A blank line ends an event. An id after it belongs to the next event, so the client remembers a position that is one message too early.',
      ],
      'wrong-id': [
        'The messages came with ids, but these are not the ids of the messages.',
        'Look at what you write as the id. Could the feed find the message with this id?',
        'The id comes back after this connection has ended, perhaps to another process. A cursor still has a meaning then; a counter of this connection has none.',
      ],
      'other-type': [
        'The messages came with an event type of their own.',
        'Look at the event field. Which listener receives events of that type?',
        'A typed event goes only to the listeners of that type, and not to onmessage. An ordinary message needs no type.',
      ],
    },
    'where-it-stands': {
      title: 'Sends a new client its position before there is any message',
      'no-first-id': [
        'The stream was open, nothing was published, and the client received no id.',
        'Look at the first lines of the stream. Do they contain an id, and a blank line after it?',
        'A client that is cut off before its first message knows no id to return with, unless the server sent one at the beginning.',
      ],
      delivered: [
        'The stream was open, nothing was published, and the client delivered an event.',
        'Look at the first lines of the stream. Do they contain a data field?',
        'The browser does not deliver an event without a data field, but it remembers the id. So a server can send an id alone.',
      ],
      'wrong-place': [
        'The client received an id at the beginning, but it is not the client’s position.',
        'Look at which cursor you write. The client came without one, so it starts at the end of the room.',
        'The first id says which messages count as read. If it is too late, messages are lost; if it is too early, they are repeated.',
      ],
    },
    'when-to-come-back': {
      title: 'Gives each client a different time to wait before it reconnects',
      'no-retry': [
        'Your server did not send a time for reconnecting.',
        'Look at the first lines of the stream. Which field sets that time?',
        'Without it, each browser uses its own default of three to five seconds. After a restart, almost all clients then reconnect at about the same time.',
      ],
      'not-digits': [
        'Your server sent a time for reconnecting that no browser can read.',
        'Look at the value of retry. It may contain only digits.',
        'If the value contains any other character, browsers silently ignore the field.',
      ],
      unit: [
        'The time for reconnecting is unreasonably short or long.',
        'Look at the unit: retry is given in milliseconds.',
        'A value of 2 means two milliseconds. Every client would then ask a stopped server five hundred times a second.',
      ],
      lockstep: [
        'Every client received the same time for reconnecting, or nearly the same.',
        'Look at where the time comes from. What makes it different for each client?',
        'When a server stops, all clients lose their connection at the same moment. If all of them wait for the same time, they also return at the same moment.',
      ],
    },
    resumes: {
      title: 'Sends a returning client the events that it has missed, once',
      lost: [
        'A client returned with its last id, and did not receive all messages that were published in the meantime.',
        'Look at the position where its reading begins. Does your code use Last-Event-ID?',
        'For this client every message after its last id is new, however old the message is.',
      ],
      doubled: [
        'A client returned, and received a message twice.',
        'Look at what you send first, and at the position from which you follow. Does the second part begin where the first part ends?',
        'Missed messages and new messages form one list. If the two parts overlap, messages are doubled; if there is a hole between them, messages are lost.',
      ],
      history: [
        'A client returned with its last id, and received messages that it already had.',
        'Look at the position where its reading begins. Is it directly after the id, or before it?',
        'The last id means that everything up to it has arrived. Only later messages are missing.',
      ],
      ahead: [
        'Before the missed messages, your server sent an id that is not the client’s position.',
        'Look at the cursor in the first lines of the stream. Is it the position at which this client begins?',
        'If the connection is cut before the missed messages arrive, the client returns with this id. If the id is ahead, these messages are lost.',
      ],
    },
    'each-its-own': {
      title: 'Keeps the positions of different clients apart',
      'mixed-up': [
        'Several clients came, each with another position, and one of them did not get exactly its messages.',
        'Look for a variable outside of the handler that holds a position or a list of messages.',
        'The server remembers nothing about its clients. Each request brings the position of its client.',
      ],
    },
    'the-first-address': {
      title: 'Starts after the cursor in the address, until the client sends a newer one',
      'not-the-address': [
        'A client came with a cursor in its address, and did not receive the messages after it.',
        'Look at which cursor you use if there is no Last-Event-ID.',
        'A page that has read up to a cursor opens its first stream there. It puts the cursor into the address, because an EventSource cannot set headers.',
      ],
      'address-wins': [
        'The address and Last-Event-ID named different positions, and your server used the address.',
        'Look at which of the two you check first.',
        'A reconnecting browser uses the same address as at the beginning. The header contains the last id that it received since, so it is newer.',
      ],
    },
    'no-seam': {
      title: 'Loses and doubles nothing between missed and new messages',
      lost: [
        'A message was published between two of your server’s steps, and it never arrived.',
        'Look at the position from which you follow the feed. Is it where your reading ended, or where the room ended a moment later?',
        'Reading and following are two steps, and a message can come between them. Follow from exactly the position that you read up to.',
      ],
      overlap: [
        'A message was published between two of your server’s steps, and it arrived twice.',
        'Look at where the first part ends and where the second begins. Both contain the message that came in between.',
        'A message can reach the client through the reading and through the following. Use one position for both, or compare ids, so that it is sent once.',
      ],
      order: [
        'A message that was published while your server was reading came before an older one.',
        'Look at what you write first, and at what else may be written before it.',
        'A client remembers the last id that it received. An older message after a newer one moves its position back.',
      ],
    },
    'a-long-absence': {
      title: 'Sends everything that a client has missed, however much that is',
      'cut-short': [
        'A client had missed more than 500 messages, and did not get all of them.',
        'Look at what happens after the first read. Where do you follow from?',
        'One read of the feed returns a limited number of events. The rest begins at the cursor that this read returned.',
      ],
      disordered: [
        'A client had missed more than 500 messages, and got them in another order or more than once.',
        'Look at how the parts of the history fit together.',
        'Each part begins where the part before it ended. The cursor of an answer is this place.',
      ],
    },
    'an-unknown-id': {
      title: 'Reports a gap for an id that the feed does not know',
      history: [
        'A client came with an id that this feed does not know, and received every kept message as if it were new.',
        'Look at what you write before the messages if start has a gap.',
        'The client may have some of these messages already, and others may be lost. It can only know that if the server sends an event of type gap.',
      ],
      nothing: [
        'A client came with an id that this feed does not know, and received no gap event.',
        'Look at what your code does with the gap that the feed reports.',
        'Something may be lost, and nobody knows what. If the server reports it, the client can load everything again.',
      ],
      'gap-without-id': [
        'Your server reported the gap, but the client still has an id that the feed does not know.',
        'Look at the fields of your gap event. Which id will the client send when it reconnects?',
        'A client keeps its id until it receives another one. Without a new id it gets the same gap every time it reconnects.',
      ],
      'not-from-there': [
        'The gap event carried an id, but the messages that followed do not begin after that id.',
        'Look at the position from which you follow. Is it the one that you sent to the client?',
        'An id is a promise: everything up to it has arrived or is lost, and everything after it will be sent.',
      ],
    },
    'an-odd-id': {
      title: 'Does not refuse a client because of an invalid id',
      refused: [
        'The id was not a valid cursor, and your server responded with an error.',
        'Look at what your code does with the header before the stream begins. What can throw there?',
        'A browser gives up for good after an error status, without telling the user. Treat an invalid id as a gap.',
      ],
      nothing: [
        'The id was not a valid cursor, and the client received no gap event.',
        'Look at what you do with an id that cannot be parsed. Is it treated as if there were none?',
        'A client that sends an id believes that it has read something. You cannot know what, so report a gap.',
      ],
      history: [
        'The id was not a valid cursor, and the client received every kept message as if it were new.',
        'Look at what you write before the messages if start has a gap.',
        'The client may have some of these messages already. It can only know that if the server reports a gap.',
      ],
      'gap-without-id': [
        'Your server reported the gap, but the client still has its invalid id.',
        'Look at the fields of your gap event. Which id will the client send when it reconnects?',
        'A client keeps its id until it receives another one.',
      ],
      'not-from-there': [
        'The gap event carried an id, but the messages that followed do not begin after that id.',
        'Look at the position from which you follow. Is it the one that you sent to the client?',
        'An id is a promise: everything after it will be sent.',
      ],
    },
    'a-gap-on-the-way': {
      title: 'Reports a gap that occurs while a client is following',
      nothing: [
        'The feed reported a gap to a client that was following, and the client did not learn of it.',
        'Look at what your code does with a batch that is a gap. It has no events, but it still has to be reported.',
        'A slow reader can fall behind the events that the server keeps. The client is missing something, and only your server knows it.',
      ],
      'gap-without-id': [
        'Your server reported the gap, but the client still has its old id.',
        'Look at the fields of this gap event. A stream can report a gap at its beginning and in the middle. Do both events have the same fields?',
        'A client keeps its id until it receives another one. With the old id, it gets the same gap every time it reconnects.',
      ],
      'not-from-there': [
        'The gap event carried an id, but the messages that followed do not begin after that id.',
        'Look at which cursor you write as the id of the gap.',
        'An id is a promise: everything up to it has arrived or is lost, and everything after it will be sent.',
      ],
    },
    'still-cleans-up': {
      title: 'Still stops following for a client that has left, and cuts it off if the feed fails',
      'still-followed': [
        'A client left, and your program still followed the feed for it.',
        'Look at the code for the event close. The start of this lesson had it already.',
        'Everything that is started for a client has to be stopped when it leaves (lesson 6).',
      ],
      'kept-open': [
        'The feed reported that it cannot continue, and the stream of the client stayed open.',
        'Look at the last argument of the call that follows the feed. The start of this lesson had it already.',
        'After a failure, no message will come on this stream. If it ends, the client reconnects with its id, and misses nothing.',
      ],
    },
    'left-early': {
      title: 'Still notices a client that left while its position was looked up',
      'left-before': [
        'A client left while your server looked up its position, and your server followed the feed for it after that.',
        'Look at the test of whether the client is still there. Does it come after the last await?',
        'The event close has happened already, and does not happen again. So look at the state first, and listen after that (lesson 6).',
      ],
    },
    goodbye: {
      title: 'Still ends every stream when the server stops',
      'left-open': [
        'The server was about to stop, and your transport left a stream open.',
        'Look at the set of open streams, and at the function that serve returns. The start of this lesson had both already.',
        'A server that stops waits for its responses to end, and a stream does not end by itself (lesson 6).',
      ],
      'cut-off': [
        'The server was about to stop, and your transport cut the connection in the middle of the response.',
        'Look at how you close. A response can be ended without destroying its connection.',
        'A cut connection looks like a network error. A response that ends properly tells the client that nothing is missing.',
      ],
      remembered: [
        'Your transport still remembered a client that had left.',
        'Look at what your code removes when a client leaves.',
        'A set that only grows is a memory leak (lesson 6).',
      ],
    },
  },
  client: {
    'the-last-id': {
      title: 'Resumes after the last id that it has received',
      'another-path': [
        'The first request of the client went to another address than the one of your server.',
        'Look at the address letter by letter: the room, the word sse, and what comes before the question mark.',
        'The client and the server have to agree on the address. For another one, the server responds with 404.',
      ],
      'made-up': [
        'A client without an id was started, and its first request had a Last-Event-ID.',
        'Look at the headers of the first request. What is in them if there is no id yet?',
        'Without an id, the server begins at the end of the room. A client cannot know this position in advance.',
      ],
      'no-second': [
        'A stream ended, and the client did not connect again.',
        'Look at what happens when the loop over the stream is finished.',
        'Every stream ends at some time. An EventSource connects again by itself; `fetch` does not.',
      ],
      'not-kept': [
        'A stream brought an id, and the next request did not send it back.',
        'Look at which blocks change the last id. Does a block without data change it too? And a block without an id?',
        'The server sends an id before the first message. If the client ignores it, a cut before the first message loses everything that comes during the pause.',
      ],
    },
    'begins-there': {
      title: 'Begins after the id that the page gives',
      'not-begun': [
        'A client with an id was started, and its first request did not name this id.',
        'Look at the headers of the first request.',
        'A page may know already how far it has read. It begins after that position.',
      ],
    },
    'each-once': {
      title: 'Delivers each message once and in order, also if one was cut in the middle',
      lost: [
        'The page did not get every message of the streams.',
        'Look at which blocks you deliver, and what happens when a stream ends in the middle of a message.',
        'A message that was cut off comes again after the last complete one, if the client asks for it.',
      ],
      doubled: [
        'The page got one message more than once.',
        'Look at the id that your client sends after a cut, and at what you deliver.',
        'The server sends everything after the id of the request. An old id brings old messages.',
      ],
      order: [
        'The page got the messages in another order than the streams had them.',
        'Look at the order in which you deliver.',
        'The order of the stream is the order of the conversation.',
      ],
      half: [
        'A stream was cut in the middle of a message, and the next request had the wrong id.',
        'Look at when the last id changes: when its line comes, or when the block is complete?',
        'The id of a message belongs to a message that has arrived. If the client names a message that it has not got, it loses this message.',
      ],
    },
    'a-seam': {
      title: 'Delivers a message only once, even if the server repeats it',
      lost: [
        'The server repeated some messages, and the page did not get all of the new ones.',
        'Look at how you find out that a message is an old one.',
        'Only a message whose id has been delivered already is a repetition. A later one is new.',
      ],
      doubled: [
        'The server repeated a message after a cut, and the page got it twice.',
        'Look at what your client remembers of the messages that it has delivered.',
        'A server that loses nothing may repeat something. A client that knows the ids can drop it.',
      ],
      order: [
        'The page got the messages in another order than the streams had them.',
        'Look at the order in which you deliver.',
        'The order of the stream is the order of the conversation.',
      ],
    },
    'other-types': {
      title: 'Keeps the id of an event with another type, and does not deliver it as a message',
      'as-a-message': [
        'A stream brought an event of the type gap, and the page got it as a message.',
        'Look at the field `event` of a block. Which type has a block without this field?',
        'Each type has its own listeners. A gap has no user and no text, so the page cannot show it as a message.',
      ],
      ends: [
        'A stream brought an event of the type gap. The client did not connect again after this stream.',
        'Look at what your loop does with a block that is no message.',
        'A block that is not for the listener is no reason to stop reading.',
      ],
      'its-id': [
        'An event of the type gap had an id, and the next request did not send it back.',
        'Look at which blocks change the last id.',
        'The id of every event is a position, whatever its type is. After a gap, the old position points nowhere.',
      ],
      lost: [
        'A stream brought an event whose type is message, and the page did not get it.',
        'Look at the two ways in which an event can have the type message.',
        'A block without the field `event` has the type message, and so has a block that says it.',
      ],
    },
    'the-pause': {
      title: 'Waits before it connects again, for as long as the server says',
      'too-soon': [
        'The client connected again before the time was over.',
        'Look at the pause, at the value of the field `retry`, and at its unit.',
        'The server chooses the time, in milliseconds, and it is valid until the server names another one. Clients that return too soon can bring a server down that has just started.',
      ],
      'too-late': [
        'The client waited longer than the server had said.',
        'Look at which value your pause uses, and at whether it grows.',
        'The server has a reason for a short time: it wants its clients back.',
      ],
    },
    'goes-on': {
      title: 'Goes on after an error, with the same id',
      crash: [
        'A request failed, and nobody caught the error. In a page, the client would be dead.',
        'Look at what `fetch` does if no response comes, and what the loop over a stream does when the stream is cut.',
        'A promise that rejects ends the function that awaits it. Networks fail all the time, so the loop has to expect it.',
      ],
      'gave-up': [
        'The server was in trouble for a moment, and the client did not connect again.',
        'Look at what an error ends: one stream, or the loop?',
        'An EventSource gives up after a status such as 503. A client of your own can do better.',
      ],
      'lost-its-id': [
        'After a response with an error, the client asked without its id, or with another one.',
        'Look at what you read from a response whose status is not 200.',
        'The body of an error is no event stream. The client keeps the id that it has.',
      ],
      'no-pause': [
        'The server was in trouble, and the client asked again at once.',
        'Look at whether the loop waits after an error too.',
        'A server that is overloaded needs fewer requests. A client without a pause sends more of them than ever.',
      ],
      lost: [
        'The server was in trouble for a moment, and the page did not get exactly the next message.',
        'Look at the first stream after the trouble, and at what you deliver from a response with an error.',
        'The client still knows its id, so it can continue as if nothing had happened.',
      ],
    },
    'no-more': {
      title: 'Does not connect again after a response with 204',
      'asks-on': [
        'The server responded with 204, and the client connected again.',
        'Look at the status of the response before you decide to go on.',
        'With 204, the server says that nothing more will come. Without this status, a server could never get rid of a client.',
      ],
    },
    stops: {
      title: 'Stops: aborts the stream that it reads, and connects no more',
      'not-aborted': [
        'The client was stopped, and its stream was still open.',
        'Look at the options of `fetch`. How does the request learn that it is not wanted any more?',
        'A stream that nobody reads still occupies a connection, and a browser has only six of them for each host.',
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

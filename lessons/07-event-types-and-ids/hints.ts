/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'

export const words = {
  sse: {
    'an-id-with-each': {
      title: 'Sends each message with its id',
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
        'Every client received the same time for reconnecting.',
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
  },
} satisfies Words

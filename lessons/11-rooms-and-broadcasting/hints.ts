/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const NO_WELCOME: Hint = [
  'A client connected without a path, and did not get the welcome.',
  'Look at the first lines of the handler. They sent the welcome when you began.',
  'The welcome tells a client that the server is ready. Clients wait for it.',
]

export const NOT_JOINED: Hint = [
  'A client asked to join a room, and the server did not confirm it.',
  'Look at how you handle the type `join`. The response is a message of type `joined`, with the boardId.',
  'A client waits for the confirmation. Until then it cannot know from which moment on it receives every message.',
]

const ANOTHER_ROOM: Hint = [
  'A message to one room reached a client outside it, or did not reach the room itself.',
  'Look at which set you loop over. Is it the set of the room that the message names?',
  'Each room has its own set. If every message goes to every client, there is only one room with many names.',
]

const EMPTY_ROOM: Hint = [
  'The last member of a room has gone, and the server still keeps the empty room.',
  'Look at what happens to a set that has no members any more, on both ways out of a room.',
  'Clients choose the names of rooms. If the server keeps every room for ever, clients can fill its memory with names.',
]

const CRASH: Hint = [
  'The process ended because of one message, and every client lost its connection.',
  'Look at the named line. Which value can have another type there, or be missing?',
  'JSON can be null, a number or a list, and each field can be anything. Nobody catches an error in a listener unless your code does, and a connection without a listener for errors throws them.',
]

const NOT_FOR_ALL: Hint = [
  'What one client did reached another client, whom it does not concern.',
  'Look at where you send errors and pongs. Who gets them?',
  'An error and a pong are responses: they are for the client that asked, and for nobody else.',
]

export const words = {
  rooms: {
    'a-room': {
      title: 'Adds a client to a room, and confirms it',
      'not-counted': [
        'The server confirmed that a client is in a room, but its own count does not include the client.',
        'Look at what `join` does. Where does the set of a room come from, and is it stored in the map?',
        'A room is a set in a map. The first client creates the set, and later clients find it.',
      ],
    },
    everybody: {
      title: 'Sends a message to everybody in the room, including its sender, once',
      'not-the-sender': [
        'A client sent a message, and did not receive it itself.',
        'Look at which client you leave out, and for which type of message.',
        'When a message comes back to its sender, the sender knows that the room has received the message, and between which other messages. Otherwise each sender would see a different order.',
      ],
      missing: [
        'A client sent a message, and another client in the room did not receive it.',
        'Look at the loop over the members. Does it reach every member, and does it run to its end?',
        'To broadcast a message means to write it to each member of the set, once.',
      ],
      twice: [
        'A client sent one message, and a member received more than one.',
        'Look at how often the loop over the members runs for one message.',
        'To broadcast a message means to write it to each member of the set, once.',
      ],
      other: [
        'The message that arrived is not the one that was sent.',
        'Look at the fields that you send: type, boardId, userId, name and text.',
        'A client in several rooms uses one connection for all of them. Each message has to name its room and its sender.',
      ],
    },
    'rooms-apart': {
      title: 'Sends nothing to clients of another room',
      crash: CRASH,
      'another-room': ANOTHER_ROOM,
      'any-name': [
        'The server treated the name of a room in a special way, or took two names for the same.',
        'Look at what you do with the name, and at where you keep the rooms. A plain object has names of its own, such as constructor.',
        'Clients choose the names of rooms, and every text is a name. The keys of a Map are only those that you have set.',
      ],
    },
    'never-joined': {
      title: 'Refuses a message to a room that the sender has not joined',
      heard: [
        'A client that had never joined the room sent a message to it, and the members received it.',
        'Look at what you check before you broadcast: that the room exists, or that the sender is in it?',
        'Knowing the name of a room gives no right to write to it. The server decides by what it knows about the connection, and not by what the message claims.',
      ],
      'no-error': [
        'A client that had never joined the room sent a message to it, and got no error.',
        'Look at the code path for a sender that is not a member. What does it send?',
        'If the server silently drops a message, the sender believes that the network lost it.',
      ],
      'let-in': [
        'A client that had never joined the room sent a message to it. Afterwards the server’s count of that room had changed.',
        'Look at how you look up the set of a room for a message. Can that code create a set, or add a member?',
        'A lookup must not change anything. If sending were enough to join, clients could read any room by guessing its name.',
      ],
    },
    'everyone-but-me': {
      title: 'Announces joining and typing to the other members only',
      'to-itself': [
        'A client received its own announcement that it joined or is typing.',
        'Look at which client you leave out for these two types of messages.',
        'The announcement is for the other members. A page that receives its own announcement shows its own user as if another person had joined or typed.',
      ],
      'another-room': ANOTHER_ROOM,
      'not-for-all': NOT_FOR_ALL,
      'no-pong': [
        'A client in a room sent a ping or an unknown type, and did not get the response that it got before you began.',
        'Look at the order of your conditions. Which of them comes first for this message?',
        'Joining a room adds to what a client can do. Everything else stays as it was.',
      ],
      'not-announced': [
        'A client joined or typed, and another client in the room did not learn of it.',
        'Look at what you send after the confirmation of a `join`, and for the type `typing`.',
        'The others cannot see what a client does. The server has to announce it.',
      ],
      other: [
        'The announcement does not name the person who joined or typed.',
        'Look at the type and at the fields: boardId, userId and name of the client that joined or typed.',
        'A page that shows somebody typing has to know the person and the room.',
      ],
    },
    'in-order': {
      title: 'Sends everybody the same texts in the same order',
      'another-order': [
        'The members of a room did not receive all messages in the order in which the server got them.',
        'Look for code that waits before it sends: a timer, a promise, or a queue.',
        'The thread handles one message at a time. If it sends each message to all members at once, all of them see the same conversation.',
      ],
      changed: [
        'A text came out of the room different from the text that was sent.',
        'Look at what you do with the text before you send it.',
        'A server passes texts on. The page that shows a text makes it safe, because only the page knows where it will stand.',
      ],
    },
    leaves: {
      title: 'Removes a client from a room, and nobody else',
      'not-confirmed': [
        'A client left a room, and the server did not confirm it.',
        'Look at the response to the type `leave`. It is a message of type `left`, with the boardId.',
        'After the confirmation, the client can be sure that no more messages of the room will come.',
      ],
      'still-in': [
        'A client left a room, and still received a message of it.',
        'Look at what `leave` does to the set of the room.',
        'After leaving, a client is like one that never joined: it receives nothing and may send nothing.',
      ],
      'others-too': [
        'One of two clients left, and the other one did not receive the next message.',
        'Look at what `leave` removes: one member, or the whole room?',
        'A room ends when its last member leaves, and not before.',
      ],
      'never-again': [
        'A client left a room and joined it again, and then it did not receive what it sent.',
        'Look at what `leave` keeps. Does it prevent the next `join`?',
        'A client that joins after leaving is a member like every other one.',
      ],
      'empty-room': EMPTY_ROOM,
      'may-still-speak': [
        'A client left a room, sent a message to it, and was not refused.',
        'Look at what you check before you broadcast.',
        'The server has to check membership at the moment of sending. Earlier membership does not count.',
      ],
    },
    'several-rooms': {
      title: 'Lets one client be in several rooms, and leave one of them',
      'one-at-a-time': [
        'A client joined a second room, and was no longer in the first one.',
        'Look at what `join` does with the rooms that the client is in already.',
        'A page can show several boards. Joining adds a room; only leaving removes one.',
      ],
      'another-name': [
        'A client is in two rooms, and a message of one room came under the name of the other one.',
        'Look at the boardId of what you send. Is it the boardId of the message that came?',
        'A page with two boards has one connection. Only the boardId tells it on which board a message belongs.',
      ],
      'left-all': [
        'A client left one of its two rooms, and lost the other one too.',
        'Look at the rooms from which `leave` removes the client. The message names one.',
        'Leaving one room and disconnecting are different events. Only a disconnect ends all memberships.',
      ],
    },
    'joins-twice': {
      title: 'Counts a client once, even if it joins twice',
      twice: [
        'A client joined a room twice, and then received a message twice or not at all.',
        'Look at what you keep the members in. What happens if a member is added again?',
        'A page that is not sure joins again. A client either is in a room or is not; it cannot be in it twice.',
      ],
      'still-in': [
        'A client joined a room twice and left it, and the server’s count still includes it.',
        'Look at what you keep the members in. What happens if a member is added again?',
        'A page that is not sure joins again. One leave has to end the membership, however often the client joined.',
      ],
    },
    'who-is-gone': {
      title: 'Removes a disconnected client from all its rooms, and deletes empty rooms',
      stays: [
        'A client disconnected, and the server’s count still includes it.',
        'Look for the event that reports a closed connection. What has to happen then, and in which rooms?',
        'A closed page sends no message `leave`. If the server does not remove the client, it writes to a dead connection and counts too many people.',
      ],
      'one-room-only': [
        'A client was in two rooms and disconnected. The server removed it from one room only.',
        'Look at which rooms you go through when a connection closes.',
        'One connection can be in many rooms. When it closes, it leaves all of them.',
      ],
      'empty-room': EMPTY_ROOM,
      'others-too': [
        'One client disconnected, and another one lost its place in the room.',
        'Look at what you remove when a connection closes: one member, or the whole room?',
        'A disconnected client loses its own place in each of its rooms. The other members stay.',
      ],
    },
    'who-speaks': {
      title: 'Names the client that spoke, whatever it claims',
      nobody: [
        'A client joined, typed or spoke, and a member did not learn which client it was.',
        'Look at the field userId of each message that you send to a room.',
        'The page shows a name beside each message. It is the same userId in user_joined, in user_typing and in message.',
      ],
      'same-id': [
        'Two clients have the same userId.',
        'Look at when you make a userId, and where you keep it.',
        'Each connection has a userId of its own as long as it lives. A variable that all connections share has only one value, and a number that is counted down is given out again.',
      ],
      'another-person': [
        'A message came from one client, and the members received it under the name of another one.',
        'Look at where the userId and the name come from: from what you know about the connection, or from the message?',
        'Clients can write anything into a message. If the server passes on the userId that a client claims, everybody can speak as anybody.',
      ],
    },
    'plain-chat': {
      title: 'Sends a message of the plain chat to all its clients, unchanged',
      crash: CRASH,
      nothing: [
        'A client sent a message in the plain chat, and another client in it did not receive it.',
        'Look at which clients are in the set of the chat, and when they are added.',
        'In the plain chat nobody has to join: every connected client is in it.',
      ],
      'not-the-sender': [
        'A client sent a message in the plain chat, and did not receive it itself.',
        'Look at which client you leave out.',
        'The classic chat displays a message when it comes back from the server. So all clients see the messages in the same order.',
      ],
      changed: [
        'The message that came out of the plain chat is not the one that was sent.',
        'Look at what you send on, and as which kind of message: text or binary.',
        'A server that only forwards messages need not understand them. If it parses a message and writes it again, spaces and numbers change, and a text that is no JSON is lost.',
      ],
      'not-kept': [
        'A client connected to the plain chat, and got messages that had been sent before.',
        'Look at what you send to a client when it connects.',
        'This chat keeps nothing: a client gets the messages that are sent while it is connected. Messages that must not be lost need a feed with ids (lessons 7 and 13).',
      ],
      'others-too': [
        'Two clients of the plain chat disconnected, and the server no longer counts the third one.',
        'Look at what you remove when a connection closes: one client, or the whole set?',
        'A disconnected client loses its own place. The others stay.',
      ],
      'another-room': [
        'A message of the plain chat reached a room, or a message of a room reached the plain chat.',
        'Look at which set you loop over.',
        'The plain chat and the rooms share a server and a port. They do not share their members.',
      ],
      stays: [
        'One of two clients of the plain chat disconnected, and the server still counts both.',
        'Look at what you do when a connection closes. The chat is a set like the rooms.',
        'If your code adds a client to a set, it also has to remove the client. Write both next to each other, so that you do not forget the second one.',
      ],
    },
    'broken-messages': {
      title: 'Goes on, whatever a client sends',
      'not-for-all': NOT_FOR_ALL,
      'no-error': [
        'A client sent a message that no server can use, and got no error that names the mistake.',
        'Look at the lines that refused such a message when you began.',
        'A client without a response waits. An error has the type error and a message that a person can read.',
      ],
      crash: CRASH,
    },
  },
} satisfies Words

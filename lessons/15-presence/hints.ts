/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const NO_WELCOME: Hint = [
  'A client connected and did not get the welcome.',
  'Look at the last line of the handler of connections. It sent the welcome when you began.',
  'The welcome tells a client that the server is ready. Clients wait for it.',
]

export const NOT_JOINED: Hint = [
  'A tab asked to join a board, and the confirmation was not the first message that it got.',
  'Look at what `join` sends to its tab, and in which order. The confirmation has the type `joined` and the boardId.',
  'A joining page waits for the confirmation, which also contains the state of the board. Until then it can show nothing.',
]

export const TO_ITSELF: Hint = [
  'A person joined a board, and received the announcement about themselves.',
  'Look at which tabs you leave out when you announce a `join`: one tab, or every tab of the person?',
  'An announcement is for other people. A page that receives its own announcement shows a second person with the user’s own name.',
]

export const NO_PONG: Hint = [
  'A tab sent a ping, and got no response.',
  'Look at the path of a ping through your handlers. The response was there when you began.',
  'With a ping, a page learns that its connection works, and the server learns that the page is alive.',
]

export const words = {
  presence: {
    'who-comes': {
      title: 'Sends a new member the list of people, and announces the new member to the others',
      'newcomer-blind': [
        'A person joined a board, and the confirmation did not say correctly who is on it.',
        'Look at what the confirmation of a `join` contains, and at what your data contains when you build it.',
        'The others only need the change. A new member first needs the whole state, once, including their own entry.',
      ],
      'not-announced': [
        'A person joined a board, and another member did not learn of it.',
        'Look at what `join` sends to the others, and which tabs receive it.',
        'The others cannot see that somebody joins. The server has to announce it.',
      ],
      'announced-twice': [
        'A person joined a board once, and another member received more than one announcement.',
        'Look at how often you send the announcement, and to whom.',
        'Send each change once to each tab of the other people.',
      ],
      other: [
        'A person joined a board, and the announcement did not name this person.',
        'Look at the type and at the fields: boardId, userId and name.',
        'A tab can be on several boards. Each message has to name its board and its person.',
      ],
      'not-known': [
        'The members of the board were announced correctly, but GET / returns something else.',
        'Look at what `join` stores. Is the person in the map of the board, and is the tab in the person’s set?',
        'What you store and what you send must agree. Otherwise a member who joins later gets a different state.',
      ],
    },
    'who-goes': {
      title: 'Announces to the remaining members that a person left',
      'not-announced': [
        'A person left a board, and another member did not learn of it.',
        'Look at what `leave` does if the person has no other tab. Do you announce it to the remaining members?',
        'If the others do not learn of it, they see the person on the board for ever.',
      ],
      'announced-twice': [
        'A person left a board once, and another member received more than one announcement.',
        'Look at how often you send the announcement, and at what else you send.',
        'Send each change once to each tab of the other people.',
      ],
      other: [
        'A person left a board, and the announcement did not name this person.',
        'Look at the type and at the fields: boardId, userId and name.',
        'A tab can be on several boards. Each message has to name its board and its person.',
      ],
      'still-known': [
        'A person left a board, and GET / still returns them as a member.',
        'Look at what `leave` removes: the tab, and with the last tab the person.',
        'What you store and what you send must agree. Otherwise a member who joins later gets a different state.',
      ],
      'to-itself': [
        'A person left a board, and also received the announcement that is meant for the remaining members.',
        'Look at which tabs you leave out when you announce that a person left. Is the person still in the collection that you loop over?',
        'The announcement is for other people. The person who leaves only needs the confirmation.',
      ],
      'no-answer': [
        'A tab left a board, and the server did not confirm it.',
        'Look at the code after the call of `leave` in the handler. It sent a message of type `left` when you began.',
        'After the confirmation, the client can be sure that no more messages of the board will come.',
      ],
      'empty-board': [
        'The last member left a board, and GET / still returns the board.',
        'Look at the map of boards after the last person of a board is removed.',
        'An empty board must be deleted too. If each board leaves an empty map behind, memory fills up unnoticed.',
      ],
    },
    'second-tab': {
      title: 'Counts a second tab as the same person',
      'announced-again': [
        'A member opened a second tab, and the others received another announcement that this person joined.',
        'Look at what you check before the announcement: whether this tab is new, or whether this person is new?',
        'The announcement is about people. A second tab of a member changes nothing for the others.',
      ],
      'to-itself': [
        'A person opened a second tab, and the first tab received the announcement about it.',
        'Look at which tabs you leave out when you announce a `join`: one tab, or every tab of the person?',
        'An announcement is for other people. A page that receives its own announcement shows a second person with the user’s own name.',
      ],
      'counted-wrong': [
        'A person has two tabs on a board, and GET / returns another number.',
        'Look at what happens to the first tab when the second one joins, and what happens if the same tab joins again.',
        'A person has a set of tabs. Joining adds a tab to the set; adding the same tab again changes nothing.',
      ],
    },
    'every-tab': {
      title: 'Sends each announcement to every tab of every other person',
      'some-tabs': [
        'A person left a board, and not every tab of the other people received exactly one announcement.',
        'Look at the two loops of `announce`: over the other people, and over the tabs of each of them.',
        'Each tab is a page that somebody may be looking at. A tab that misses a change shows the wrong people from then on.',
      ],
    },
    namesakes: {
      title: 'Distinguishes two people with the same name',
      'one-person': [
        'Two people with the same name are on a board, and your server treats them as one.',
        'Look at the keys of your maps, and at what you compare: the name, or the userId?',
        'A name is only for display. The server identifies a person by the userId.',
      ],
      'both-gone': [
        'Two people with the same name were on a board. One left, and the other one was removed too, or did not learn of it.',
        'Look at the key by which you remove a person: the name, or the userId?',
        'A name is only for display. The server identifies a person by the userId.',
      ],
    },
    'one-tab-closes': {
      title: 'Keeps a person present until their last tab closes',
      'person-left': [
        'A person with two tabs closed one of them, and your server announced or stored that the person left.',
        'Look at what you check before you announce that a person left. Does the person have another tab?',
        'A person is present while at least one tab is open. A person who closes one of two tabs has not left.',
      ],
      'tab-stays': [
        'A tab is closed, and GET / still counts it.',
        'Look at what `leave` removes. Does it remove the tab even if the person stays?',
        'If a closed tab is not removed, its person stays present for ever.',
      ],
      'not-announced': [
        'A person closed their last tab, and the others did not learn of it.',
        'Look at what you do if the person has no tab left.',
        'A page that closes sends no message. The server has to inform the others.',
      ],
      'announced-twice': [
        'A person closed the last of two tabs, and the others received more than one announcement.',
        'Look at how often you send it: for the person, or for each tab?',
        'A person leaves once, however many tabs they had.',
      ],
      'empty-board': [
        'The last member closed the last tab, and GET / still returns the board.',
        'Look at the map of boards after the last person of a board is removed. Is it the same code for `leave` and for a close?',
        'An empty board must be deleted too, however its last member left.',
      ],
    },
    'joins-twice': {
      title: 'Counts a tab once, even if it joins twice',
      stays: [
        'A tab joined a board twice and left it once, and the others did not see exactly that the person left.',
        'Look at what a second `join` of the same tab adds, and at what `leave` removes.',
        'A person has a set of tabs, and a set holds each tab once. In a list or a counter, the second entry stays for ever.',
      ],
    },
    'boards-apart': {
      title: 'Keeps presence and typing separate for each board',
      'another-board': [
        'Something happened on one board, and your server stored or announced it for another board.',
        'Look at which data you keep for each board, and which for all boards. Look also at which tabs receive an announcement.',
        'Presence belongs to a board. A person on two boards is present twice, and leaves each board separately.',
      ],
    },
    'leaves-and-closes': {
      title: 'Removes a tab once, even if it first leaves and then closes',
      'left-early': [
        'One of two tabs left the board and then closed. Your server said that the person left, although the other tab is there.',
        'Look at what you count if a tab closes after it has left.',
        'A tab can go twice: it leaves, and then it closes. A counter that is lowered each time is then one too low. A set allows a second deletion.',
      ],
      'announced-twice': [
        'A tab left the board and then closed, and the others received two announcements that the person left.',
        'Look at what you check when a tab closes. Was it still on this board?',
        'Only a member can leave. A tab that has already left is not a member any more.',
      ],
      'tab-stays': [
        'A tab has left the board or is closed, and your server still counts it or did not confirm the message `leave`.',
        'Look at what `leave` removes, from which board, and at what your server does for each board when a connection closes.',
        'A closed connection has to leave every board that it had joined.',
      ],
    },
    refuses: {
      title: 'Refuses a tab that is not on the board, and bad messages',
      'not-refused': [
        'A tab that had not joined a board sent a message about it or closed, and your server treated it like a member.',
        'Look at what you check before `typing` and `leave`: whether this tab is on the board, or whether its person is?',
        'A person can have a tab that is on the board and another one that is not. Only a tab that has joined can leave.',
      ],
      'no-error': [
        'A tab sent a message that your server does not know, and did not get an error. Or another member received something.',
        'Look at the path of a message that is not JSON, or not an object, or has an unknown type. It led to an error when you began.',
        'A client can send anything. The answer goes to this client only, and nothing else changes.',
      ],
      crash: [
        'A client sent something that your server does not know, and the process ended. Every client lost its connection.',
        'Look at the line where it ended. What did your code expect there?',
        'A client can send anything: no JSON, null, an object without text, or bytes that are not a frame. A server has to refuse all of it and continue.',
      ],
    },
    'speaks-for-itself': {
      title: 'Takes the person from the connection, not from a message',
      'another-person': [
        'A message named another person or another name, and your server believed it.',
        'Look at where `userId` and `name` come from when a tab joins or leaves.',
        'The login has checked who opened the connection. Nobody checks what a message claims, so a message cannot change it.',
      ],
    },
    'any-name': {
      title: 'Works for every name of a board and every userId',
      name: [
        'A board or a person has a name that JavaScript uses too, and your server does not treat it like the others.',
        'Look at the objects in which you keep boards and people. What do they contain when they are empty?',
        'Every plain object has a constructor and a __proto__ before you put anything in. A Map contains only your own keys.',
      ],
      crash: [
        'A board or a person has a name that JavaScript uses too, and the process ended.',
        'Look at the objects in which you keep boards and people. What do they contain when they are empty?',
        'Every plain object has a constructor and a __proto__ before you put anything in. A Map contains only your own keys.',
      ],
    },
    'typing-is-announced': {
      title: 'Announces once that somebody types, and adds it to the state for later members',
      'not-announced': [
        'A person types, and another member did not learn of it.',
        'Look at what you send when somebody types, and which tabs receive it.',
        'The others cannot see that somebody types. The server has to announce it.',
      ],
      'to-itself': [
        'A person types in one tab, and a tab of the same person received the announcement.',
        'Look at which tabs you leave out: one tab, or every tab of the person?',
        'An announcement is for other people. Otherwise the page shows its own user as somebody who types.',
      ],
      'every-key': [
        'A person continued to type, and the others received the announcement again.',
        'Look at what you check before the announcement. Was this person already typing?',
        'A page sends `typing` with every key. The others only need the changes: typing begins, and typing ends.',
      ],
      'newcomer-blind': [
        'A person joined a board on which somebody types, and did not learn of it.',
        'Look at what the confirmation of a `join` contains, and at what you store for a person who types.',
        'A new member needs the state, once. Nobody will announce again that the typing began.',
      ],
      'not-known': [
        'A person types, and GET / does not return it.',
        'Look at what you store when somebody types, and where.',
        'What you store and what you send must agree. Otherwise a member who joins later gets a different state.',
      ],
      other: [
        'A person types, and the announcement has the wrong fields.',
        'Look at the type and at the fields: boardId, userId, name, and `on`, which is true.',
        'The page has to know who types, on which board, and whether typing begins or ends.',
      ],
    },
    'typing-ends': {
      title: 'Ends typing by itself if no more `typing` messages come',
      never: [
        'A person stopped typing, and long after the time limit your server still says that they type.',
        'Look for the code that ends typing. Does it run if no message comes?',
        'A person who is called away sends no message at all. A state that only a message can end may stay for ever, so it needs a timer.',
      ],
      'not-announced': [
        'Typing ended by itself, and nobody received an announcement.',
        'Look at what your timer does besides changing your data.',
        'The end of typing is a change like its beginning. The others need both.',
      ],
      'too-early': [
        'A person typed, and your server ended it before the time limit.',
        'Look at the time that you pass to the timer, in milliseconds.',
        'People think between two keys. If typing ends too early, the display flickers.',
      ],
      'announced-twice': [
        'Typing ended, and the others received more than one announcement.',
        'Look at how many timers there are, and at what each of them sends.',
        'Send each change once.',
      ],
      other: [
        'Typing ended by itself, and the announcement has the wrong fields.',
        'Look at the type and at the fields: boardId, userId, name, and `on`, which is false.',
        'The page has to know who types, on which board, and whether typing begins or ends.',
      ],
      'not-again': [
        'A person typed, the typing ended, and they typed again. The others did not receive exactly one announcement.',
        'Look at what is left of the first typing when its time is over.',
        'Typing can begin again after its end. If old data still says "typing", the new beginning is not recognised as a change.',
      ],
      'with-any-tab': [
        'A person typed in one of two tabs and left with the other. The typing did not end 5 s after its last message.',
        'Look at what `leave` stops. Has it checked at that point whether the person has another tab?',
        'The person types, so the timer belongs to the person. It is stopped early only when the last tab goes.',
      ],
    },
    'types-on': {
      title: 'Keeps the typing state while `typing` messages come',
      'first-timer': [
        'A person typed continuously, and your server ended the typing at the time that the first key had set.',
        'Look at what happens to the timer of an earlier key when the next key comes.',
        'Each key starts the time again. A timer that nobody stops still fires.',
      ],
      never: [
        'A person typed for a while and stopped, and your server still says that they type.',
        'Look at each later key. Does it leave a running timer that will end the typing?',
        'Starting the time again needs two steps: stop the old timer, and start a new one.',
      ],
      'announced-twice': [
        'A person typed for a while and stopped, and the others received more than one announcement.',
        'Look at how many timers run after several keys.',
        'There is one state, so there must be one timer that ends it.',
      ],
    },
    'typing-is-over': {
      title: 'Ends typing at once if the page says so, and does not end later typing',
      ignored: [
        'A page said that typing is over, and the others did not receive the right announcement.',
        'Look at what your code does if the field `on` is false.',
        'A user who has sent the message does not type any more. Another five seconds of "typing" would be wrong.',
      ],
      'earlier-timer': [
        'The page ended typing, and then typing began again. The timer of the first typing ended the second one.',
        'Look at what happens to the timer when the page ends typing.',
        'Each time that somebody begins to type, one timer starts. If the typing ends early, stop this timer; otherwise it fires after the person has begun again.',
      ],
      'announced-twice': [
        'A page said that typing is over, and the others received too many announcements.',
        'Look at what you send if nobody was typing.',
        'Announce changes only. Typing that is already over cannot end again.',
      ],
      never: [
        'The page ended typing, typing began again, and this time it did not end by itself.',
        'Look at the second beginning. Does it start a timer?',
        'A state that only a message can end may stay for ever.',
      ],
    },
    'typing-apart': {
      title: 'Ends the typing of each person on each board at its own time',
      'one-timer': [
        'Two people typed, or one person typed on two boards, and the typing did not end 5 s after the last key of each.',
        'Look at where you store the timer. Is there one for each person on each board?',
        'If two states share a timer, the second one stops the timer of the first. Then the first state ends at the wrong time, or never.',
      ],
    },
    'types-and-goes': {
      title: 'Ends a person’s typing when the person leaves',
      stays: [
        'A person left a board while typing, and your server still stores them as present or typing.',
        'Look at where you store who types, and at what `leave` removes.',
        'When a person leaves, everything about that person has to be removed. If typing is stored separately, remove it there too.',
      ],
      ghost: [
        'A person left a board while typing, and later the others received an announcement about the old typing.',
        'Look at the timer. What happens to it when its person leaves?',
        'A timer keeps a reference to the data that it was set for. After the person has left, or come back, that data is out of date.',
      ],
      'not-announced': [
        'A person left a board while typing, and the messages about leaving or returning are missing or wrong.',
        'Look at what `leave` does for a person who types.',
        'Leaving ends everything. It must work in the same way for a person who types.',
      ],
    },
    heartbeat: {
      title: 'Keeps a tab as long as any message comes from it',
      early: [
        'A tab sent a ping every ten seconds, as it should, and your server gave it up.',
        'Look at what starts the time limit for silence again.',
        'The time limit runs from the last message, not from the first one. If nothing starts it again, your server ends every connection sooner or later.',
      ],
      'ping-only': [
        'A tab sent a message every ten seconds, though not a ping, and your server gave it up.',
        'Look at which messages start the time limit again.',
        'Every message shows that the page is alive. A ping is only for a page that has nothing else to send.',
      ],
      'pong-only': [
        'A tab sent a ping message every ten seconds, as it should, and your server gave it up because it sent no pong frames.',
        'Look at what starts the time limit again. Is it only the pong frames of the protocol?',
        'A ping frame tests the connection, and a message shows that the page is alive. A server may use both, but a message alone has to be enough.',
      ],
    },
    'silent-tab': {
      title: 'Gives up a tab that has become silent',
      never: [
        'A tab died silently, and 20 s after the time limit GET / still returns it.',
        'Look for the code that removes a silent tab. Does it run if no message comes? And does it wait for the other side?',
        'A computer that is switched off closes no connection, and does not respond to a close frame. Only a time limit can show that the tab is gone.',
      ],
      'too-early': [
        'A tab was silent for less than the time limit, and your server gave it up.',
        'Look at the time limit in milliseconds, and at the moment when it starts.',
        'A tunnel or a busy machine makes a tab silent for a while. If you give up too early, people vanish and reappear.',
      ],
      'not-announced': [
        'A tab died silently and was removed, and the others did not receive the right announcement.',
        'Look at the code that removes a silent tab. Is it the same code as for a tab that closes?',
        'The others do not care why somebody left. Every kind of leaving should run the same code.',
      ],
      'announced-twice': [
        'A tab died silently, and the others received more than one announcement that the person left.',
        'Look at what happens when the time limit is reached, and then at what happens when the connection closes because of it.',
        'Ending a connection also triggers its close event, which already removes the tab. If your code removes it as well, the announcement is sent twice.',
      ],
      'on-no-board': [
        'A tab that is on no board was silent for longer than the time limit, and its connection is still open.',
        'Look at when you start the time limit: when a tab connects, or when it joins?',
        'A connection that never joins still uses memory. Its time begins when it connects.',
      ],
      'not-closed': [
        'A silent tab was removed, and its connection is still open.',
        'Look at what you do with the connection of a tab that you give up.',
        'If the tab only slept, it wakes up with a working connection and believes that it is present. If the connection is ended, the tab notices, reconnects and joins again.',
      ],
    },
    'one-tab-is-silent': {
      title: 'Gives up one of two tabs, and keeps the person',
      'person-gone': [
        'One of two tabs died silently. Your server removed the person, although the other tab is alive.',
        'Look at what you remove with a silent tab: the tab, or the person?',
        'A tab becomes silent, not a person. The person is gone when their last tab is gone.',
      ],
      'kept-by-the-other': [
        'One of two tabs died silently, and GET / still counts it.',
        'Look at what the time limit belongs to: the tab, or the person?',
        'Each tab has to prove that it is alive. If one tab proves it for all tabs, dead tabs stay as long as one is alive.',
      ],
    },
    'nothing-left': {
      title: 'Leaves no timer behind when all tabs have closed',
      timers: [
        'All tabs have closed, and some of their timers can still fire.',
        'Look at each timer that your code starts. Which code stops it: when typing ends, when a person leaves, when a tab closes?',
        'A timer keeps everything that it uses in memory. A timer that nobody stops also acts later, on a state that is over.',
      ],
    },
  },
} satisfies Words

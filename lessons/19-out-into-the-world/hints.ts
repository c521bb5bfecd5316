/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const NO_REQUEST: Hint = [
  'The page asked a question, and your function sent no request.',
  'Look at the beginning of the function. Does every path reach the request?',
  'A function that asks has to ask first. Everything else depends on the response.',
]

export const NO_END: Hint = [
  'The response was over, and your function did not end.',
  'Look at every loop and every promise that your function waits for.',
  'The page waits for your function. A promise that never settles looks like a server that thinks for ever.',
]

export const REJECTED: Hint = [
  'The answer was complete, and your function rejected.',
  'Look at the message of the error. Which statement throws it, and for which line of the response?',
  'A function that reads rejects only if the answer can never be complete.',
]

export const words = {
  stream: {
    'the-question': {
      title: 'Asks the question, and asks for a stream',
      method: [
        'The request has another method.',
        'Look at the options of fetch.',
        'A question is sent in the body of a POST. A GET has no body.',
      ],
      type: [
        'The request does not say that its body is JSON.',
        'Look at the header content-type.',
        'A server reads a body by its content type. For a text, fetch sets another type by itself.',
      ],
      'no-model': [
        'The request names another model, or none.',
        'Compare the body of the request with the file that you started with.',
        'The server offers several models, and needs to know which one should answer.',
      ],
      'no-stream': [
        'The request does not ask for a stream.',
        'Look at the body of the request.',
        'Without this member, the server writes the whole answer first, and then sends it as one JSON object.',
      ],
      'another-question': [
        'The body of the request is not JSON with the user’s question as its last message.',
        'Look at the messages in the body of the request. How does the text of the question become JSON?',
        'A question can contain quotes and every other character. JSON.stringify writes all of them correctly.',
      ],
    },
    'the-text': {
      title: 'Shows the text of an answer',
      rejected: REJECTED,
      nothing: [
        'The answer was complete, and the page was given no text.',
        'Look at the path from a line to the call of onText.',
        'Each event holds a small piece of the text. The page can only show what it is given.',
      ],
      raw: [
        'The page was given whole events instead of their text.',
        'Look at what your function does with a line before it calls onText.',
        'A line is the name of a field, a colon, and JSON. The text is a member deep inside this JSON.',
      ],
      'not-the-text': [
        'The page was given a text, but not the text of the answer.',
        'Compare both texts. Is a piece missing, doubled or in the wrong place?',
        'Each event holds only what is new. The page adds it to what it shows already.',
      ],
    },
    'as-it-comes': {
      title: 'Shows each piece as soon as it has arrived',
      late: [
        'A piece of the answer had arrived, and the page did not get exactly this piece.',
        'Look at what your function waits for. Does it need more than the bytes that are there?',
        'The response grows for as long as the server writes. A reader who waits for its end reads everything too late.',
      ],
      'too-early': [
        'Your function ended while the server was still writing.',
        'Look at what ends your loop.',
        'One read brings the bytes that are there. The next read waits for more.',
      ],
    },
    'many-in-one-piece': {
      title: 'Reads several events that arrive in one piece',
      'first-only': [
        'Three events arrived in one piece, and the page got only the first one.',
        'Look at how many lines your function takes from a piece.',
        'The network joins what the server wrote separately. A piece can hold any number of events.',
      ],
      'all-as-one': [
        'Three events arrived in one piece, and your function rejected.',
        'Look at the text that your function reads as JSON. Where does it end?',
        'The network joins what the server wrote separately. Only a line end separates two lines.',
      ],
      'some-only': [
        'Three events arrived in one piece, and the page did not get all of their texts.',
        'Look at the loop over the lines of a piece. When does it end?',
        'The network joins what the server wrote separately. A piece can hold any number of events.',
      ],
    },
    'half-a-line': {
      title: 'Reads an event that arrives in several pieces',
      'half-json': [
        'A piece ended in the middle of an event, and your function rejected.',
        'Look at the last line of a piece. How does your function know that the line is complete?',
        'A line is complete when its line end has arrived. Until then, the rest may still be on its way.',
      ],
      'lost-half': [
        'A piece ended in the middle of an event, and a part of the answer is missing.',
        'Look at what happens to the last line of a piece before the next piece arrives.',
        'The network cuts at any byte. A reader keeps the incomplete line, and puts the next piece behind it.',
      ],
    },
    'half-a-character': {
      title: 'Reads a character whose bytes arrive in several pieces',
      broken: [
        'The page shows the replacement character, which marks bytes that are no text.',
        'Look at how your function turns bytes into text. What does it do with the first byte of a character of two?',
        'In UTF-8 a character has up to four bytes. A decoder has to remember the bytes of an incomplete character until the next piece.',
      ],
      'lost-bytes': [
        'A character arrived in several pieces, and the page did not get it.',
        'Look at how your function turns bytes into text.',
        'In UTF-8 a character has up to four bytes. One decoder for the whole response remembers the bytes of an incomplete one.',
      ],
    },
    'two-at-once': {
      title: 'Reads two answers at the same time',
      mixed: [
        'Two answers arrived at the same time, and your function did not keep them apart.',
        'Look at where the incomplete line and the decoder are stored. How many of them are there?',
        'What is left of one answer belongs to this answer only. Each call needs its own.',
      ],
    },
    'every-text': {
      title: 'Shows every text unchanged',
      trimmed: [
        'A piece began or ended with spaces or line ends, and the page did not get them.',
        'Look at what your function does with the text after it has read the JSON.',
        'A piece is often a word with a space before it. Without these spaces, all words run together.',
      ],
      'cut-up': [
        'A piece contained special characters, and the page got another text.',
        'Look at how your function finds the end of a line, and at what it does to the text of a piece.',
        'A line ends with a line feed, and with no other character. Inside JSON, a line feed is written as two ordinary characters.',
      ],
      'looks-like-it': [
        'The text of a piece looked like a part of the protocol, and your function believed it.',
        'Look at what your function compares with [DONE], and where it looks for an error.',
        'A model can write every text. Only the place in the protocol tells what a text means.',
      ],
    },
    'other-lines': {
      title: 'Ignores lines that hold no piece of the answer',
      'a-comment': [
        'The server sent comments between the events, and your function did not simply ignore them.',
        'Look at lines that begin with a colon.',
        'A comment keeps the connection open while the model thinks. It is no event.',
      ],
      'a-field': [
        'The events had further fields beside the data, and your function did not simply ignore them.',
        'Look at how your function finds the line with the data.',
        'An event of a stream can have the fields event, id and retry (lesson 7). Only data holds the JSON.',
      ],
      'no-content': [
        'Some events held no text: they tell the role, the end, or the price. Your function did not ignore them.',
        'Look at what your function does if a member is missing or null, or if the list of choices is empty.',
        'Servers add events that a client does not need. A client takes what it knows, and ignores the rest.',
      ],
      'no-space': [
        'The server wrote no space after the colon, and your function did not read the line.',
        'Look at what a line has to begin with.',
        'The space after the colon is optional (lesson 5).',
      ],
      'carriage-return': [
        'The server ended its lines with a carriage return and a line feed, and your function did not read them.',
        'Look at the end of a line. What is its last character before the line feed?',
        'A line of a stream can end with CR LF (lesson 5). Both characters are outside the data.',
      ],
    },
    done: {
      title: 'Ends with [DONE], and lets the connection go',
      waits: [
        'The answer was complete, and your function waits for the end of the response.',
        'Look at what your function does when it reads [DONE].',
        'The protocol says when the answer is complete. The connection may stay open for as long as the server likes.',
      ],
      'an-error': [
        'The server sent [DONE], and your function rejected.',
        'Look at what your function reads as JSON.',
        '[DONE] is a word of the protocol. It looks like JSON, and is none.',
      ],
      'goes-on': [
        'The page got something after [DONE].',
        'Look at what follows in your function after [DONE] was read.',
        'The first [DONE] ends the answer. The rest of the piece does not belong to it.',
      ],
      'still-connected': [
        'Your function has ended, and the connection is still open.',
        'Look at how your function stops reading. Does anybody tell the response that nobody reads it any more?',
        'A response that nobody reads holds a connection, and a browser has six of them. A reader that stops has to cancel the body.',
      ],
    },
    refused: {
      title: 'Rejects with the reason if the server refuses the question',
      resolved: [
        'The server refused the question, and your function resolved.',
        'Look at what happens between the response and the first read of its body.',
        'A request that was refused is a successful exchange for fetch. Only the status says that it is an error.',
      ],
      shown: [
        'The server refused the question, and the page shows the refusal as if it were the answer.',
        'Look at what happens between the response and the first read of its body.',
        'An error has a body too. The status says how to read it.',
      ],
      'own-words': [
        'Your function rejected, and not with the reason that the server gave.',
        'Look at the body of the response with the error. Where is its message?',
        'The server knows why it refuses: a wrong key, too many requests, a question that is too long. The user needs this reason.',
      ],
      'no-status': [
        'A response without a message in JSON came, and the error does not contain the status.',
        'Look at what your function does if the body is HTML, is empty, or is JSON of another shape.',
        'A proxy between you and the server responds in its own way. The status is then all that a person can search for.',
      ],
    },
    'error-in-the-middle': {
      title: 'Rejects if an error comes in the middle of an answer',
      resolved: [
        'The server sent an error after the first word, and your function resolved.',
        'Look at what your function does with JSON that has a member error.',
        'The status was sent long before. An error in the middle can only come as an event.',
      ],
      waits: [
        'The server sent an error, and your function waits for more.',
        'Look at what your function does when it has read the error.',
        'After an error nothing more will come. The page should learn about it at once.',
      ],
      shown: [
        'The server sent a word and an error, and the page does not show exactly this word.',
        'Look at what your function gives to the page before and after the error.',
        'What has been shown stays. The error is no part of the answer.',
      ],
      'own-words': [
        'Your function rejected, and not with the message of the error.',
        'Look at the member error of the event. Where is its message?',
        'The server knows what went wrong. The user needs this reason.',
      ],
      'still-connected': [
        'Your function has rejected, and the connection is still open.',
        'Look at how your function stops reading when it finds an error.',
        'A response that nobody reads holds a connection. A reader that stops has to cancel the body.',
      ],
    },
    'ends-early': {
      title: 'Rejects if the response ends before the answer is complete',
      resolved: [
        'The response ended without [DONE], and your function resolved.',
        'Look at what follows after the loop.',
        'A proxy or a crash can end a response at any moment. Without a mark at its end, half an answer looks like a whole one.',
      ],
      cut: [
        'The connection was lost in the middle of the answer, and your function resolved.',
        'Look at every catch in your function.',
        'A read rejects if the connection is lost. The page has to learn that the answer is not complete.',
      ],
    },
    abort: {
      title: 'Stops when the user presses Stop',
      'goes-on': [
        'The user pressed Stop, and the server still writes.',
        'Look at where your function uses the signal.',
        'Every further word costs money. Only the end of the request tells the server to stop.',
      ],
      resolved: [
        'The user pressed Stop, and your function resolved as if the answer were complete.',
        'Look at what your function does when the signal has aborted.',
        'A page must be able to tell half an answer from a whole one. So an abort is a rejection.',
      ],
      'shows-more': [
        'The user pressed Stop after the first word, and the page got more words.',
        'Look at the loop over the events of one piece. Does it notice that the signal has aborted?',
        'Abort ends the request. What has arrived already is still in your own loop.',
      ],
    },
  },
} satisfies Words

/** What the Librarian says when it is greeted, thanked or asked about itself: fixed sentences, and nothing but the truth. */
import { fold } from '#server/kernel/words.ts'

const HELLO = 'Hello. Ask me something, and I quote what your own chats and the handbook say about it.'
const THANKS = 'You are welcome.'
const ABOUT = `I am the Librarian: a search, not a language model. I look through your own chats and the handbook, quote the lines that fit word for word, and say where each comes from. I write nothing of my own, and nothing you ask me leaves this server.

You could ask “Who can read my chats?”, “How do I change my password?”, or about anything you have written in a chat before.`

const REPLIES: readonly (readonly [RegExp, string])[] = [
  [/^(hi|hello|hey|hallo|bonjour|hola|ciao|good (morning|afternoon|evening|day))( (there|all|everyone|librarian|sardonyx))?$/, HELLO],
  [/^(thanks|thank you|thx|cheers|danke|merci|gracias)( (so|very) much| a lot)?( librarian)?$/, THANKS],
  [/^(who|what) (are|r) (you|u)( exactly)?$/, ABOUT],
  [/^what can (you do|i ask)( you)?( for me)?( here)?$/, ABOUT],
  [/^((how )?(can|could) you )?help( me)?$|^how do you work$/, ABOUT],
  [/^are you (an? )?(real )?(ai|bot|robot|llm|language model|human|person|machine|chatgpt|gpt|claude|gemini)$/, ABOUT],
  [/^(which|what) (language )?(model|ai) (are you|is this|am i (talking|speaking|chatting) (to|with))$/, ABOUT],
]

/** The reply to a greeting, a thank-you or a question about the Librarian itself; undefined for everything else. */
export function smallTalk(question: string): string | undefined {
  if (question.length > 100) return undefined
  const words = fold(question)
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
  return REPLIES.find(([pattern]) => pattern.test(words))?.[1]
}

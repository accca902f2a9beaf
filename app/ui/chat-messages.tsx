import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { SessionState } from '../../core/session/state.ts';
import type { Chat, ChatMessage, ChatState } from '../session/store.ts';
import { ChatPath } from './chat-path.tsx';
import { CopyButton } from './copy-button.tsx';
import { count, ms } from './format.ts';
import { lazy } from './lazy.tsx';

const Markdown = lazy(async () => (await import('./markdown.tsx')).Markdown);

interface Props {
  readonly talk: ChatState;
  readonly chat: Chat;
  readonly state: SessionState;
}

/** Nearer to the end than this, a reader wants to see what comes next. */
const NEAR_PX = 60;

/** The talk so far, which follows what is being written unless somebody reads further up. */
export function ChatMessages({ talk, chat, state }: Props): VNode {
  const list = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  const { messages } = talk;
  useEffect(() => {
    if (follows.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [messages]);
  if (messages.length === 0) {
    return (
      <p class="soft chat-hint">
        {talk.talks
          ? 'Ask anything. Each word of the answer passes through all devices; nobody else sees this talk.'
          : 'This model does not answer questions: it writes on where you stop. Nobody else sees the text.'}
      </p>
    );
  }
  return (
    <ol
      class="messages"
      ref={list}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
      tabIndex={0}
      aria-label="The talk so far"
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        follows.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
      }}
    >
      {messages.map((message, at) => (
        <Message
          key={message.id}
          message={message}
          talk={talk}
          chat={chat}
          state={state}
          isLast={at === messages.length - 1}
        />
      ))}
    </ol>
  );
}

function Message({
  message,
  talk,
  chat,
  state,
  isLast,
}: Props & { readonly message: ChatMessage; readonly isLast: boolean }): VNode {
  const { role, text, status, problem } = message;
  const isAnswer = role === 'assistant';
  const isOver = status === 'done' || status === 'stopped' || status === 'failed';
  return (
    <li class={`message ${role}`} data-status={status} data-testid={`chat-${role}`}>
      <span class="unseen">{isAnswer ? 'The model:' : 'You:'}</span>
      {isAnswer && talk.talks ? (
        <Markdown text={text} />
      ) : (
        <p class="plain">{isAnswer ? text.replace(/^\n+/, '') : text}</p>
      )}
      {isAnswer && !isOver && <Wait message={message} />}
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {isAnswer && <Facts message={message} />}
      {isAnswer && !isOver && <ChatPath state={state} />}
      {isAnswer && isOver && (
        <div class="message-buttons">
          {text !== '' && <CopyButton text={text} />}
          {isLast && (
            <button type="button" class="link" disabled={talk.busy} onClick={() => chat.again()}>
              {status === 'failed' ? 'Try again' : 'Another'}
            </button>
          )}
          {isLast && !talk.talks && text !== '' && (
            <button
              type="button"
              class="link"
              disabled={talk.busy}
              onClick={() => chat.goOn()}
              data-testid="chat-go-on"
            >
              Go on
            </button>
          )}
        </div>
      )}
    </li>
  );
}

function Wait({ message: { status, place } }: { readonly message: ChatMessage }): VNode | null {
  if (status === 'waiting') {
    const words = place === null ? 'Waiting for the room…' : `You are ${ordinal(place)} in line.`;
    return (
      <p class="soft" role="status" data-testid="chat-place">
        {words}
      </p>
    );
  }
  return status === 'reading' ? (
    <p class="soft typing" role="status">
      Reading…
    </p>
  ) : null;
}

/** "31 tokens · 12 a second · first after 412 ms". */
function Facts({ message: { pace, status, cut } }: { readonly message: ChatMessage }): VNode | null {
  if (!pace) return null;
  const parts = [
    count(pace.tokens, 'token'),
    ...(pace.perSecond === null ? [] : [`${pace.perSecond.toFixed(pace.perSecond < 9.95 ? 1 : 0)} a second`]),
    `first after ${ms(pace.firstMs)}`,
    ...(status === 'stopped' ? ['stopped'] : []),
    ...(cut === 'length' ? ['cut at the length you set'] : []),
    ...(cut === 'context' ? ['the model can hold no more'] : []),
  ];
  return (
    <p class="soft pace" data-testid="chat-pace">
      {parts.join(' · ')}
    </p>
  );
}

function ordinal(place: number): string {
  const ending = new Intl.PluralRules('en', { type: 'ordinal' }).select(place);
  const letters = { one: 'st', two: 'nd', few: 'rd' } as const;
  return `${place}${ending === 'one' || ending === 'two' || ending === 'few' ? letters[ending] : 'th'}`;
}

import type { TargetedKeyboardEvent, VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Chat, ChatState } from '../session/store.ts';

interface Props {
  readonly talk: ChatState;
  readonly chat: Chat;
}

/** Where a person types: Enter sends, Shift and Enter begin a new line, Escape stops the answer. */
export function ChatBox({ talk, chat }: Props): VNode {
  const [text, setText] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  const send = (): void => {
    // What is shown may be a moment old.
    if (chat.state.value.busy || text.trim() === '') return;
    chat.send(text.trimEnd());
    setText('');
    box.current?.focus();
  };
  const key = (event: TargetedKeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.key === 'Escape' && chat.state.value.busy) chat.stop();
    // While a word is being composed, Enter chooses it.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const words = talk.talks ? 'Ask something' : 'Begin a text';
  return (
    <form
      class="chat-box"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={box}
        rows={Math.min(6, text.split('\n').length)}
        value={text}
        placeholder={talk.talks ? 'Ask something…' : 'Begin a text…'}
        aria-label={words}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={key}
        data-testid="chat-input"
      />
      {talk.busy ? (
        <button type="button" onClick={() => chat.stop()} data-testid="chat-stop">
          Stop
        </button>
      ) : (
        <button type="submit" class="main" disabled={text.trim() === ''} data-testid="chat-send">
          {talk.talks ? 'Send' : 'Write on'}
        </button>
      )}
    </form>
  );
}

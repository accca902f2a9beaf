import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import type { Chat } from '../session/store.ts';
import type { AskProps } from './ask-card.tsx';
import { ChatBox } from './chat-box.tsx';
import { ChatMessages } from './chat-messages.tsx';
import { ChatSettings } from './chat-settings.tsx';
import { shown } from './shown.ts';
import '../styles/chat.css';

/** Talk with the room's model: what is written here stays between this page and the model. */
export function ChatCard(props: AskProps): VNode {
  const { actions } = props;
  const [chat, setChat] = useState<Chat | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let current = true;
    actions.chat().then(
      (opened) => current && setChat(opened),
      (error: unknown) => current && setProblem(messageOf(error)),
    );
    return () => {
      current = false;
    };
  }, [actions, tries]);
  if (chat) return <Talk chat={chat} {...props} />;
  if (problem === null) return <div class="ask-empty soft">Fetching the model’s words…</div>;
  const again = (): void => {
    setProblem(null);
    setTries(tries + 1);
  };
  return (
    <div class="ask-empty">
      <p class="problem" role="alert">
        {problem}
      </p>
      <button type="button" onClick={again}>
        Try again
      </button>
    </div>
  );
}

function Talk({ chat, state }: AskProps & { readonly chat: Chat }): VNode {
  const view = useMemo(() => shown(chat.state), [chat]);
  const talk = view.value;
  const card = state.model.kind === 'ready' ? state.model.card : null;
  const starters = talk.messages.length === 0 ? (card?.language?.starters ?? []) : [];
  return (
    <div class="chat" data-testid="chat" data-busy={talk.busy}>
      <ChatMessages talk={talk} chat={chat} state={state} />
      {starters.length > 0 && (
        <ul class="starters" aria-label="Beginnings to try">
          {starters.map((text) => (
            <li key={text}>
              <button type="button" onClick={() => chat.send(text)}>
                {text}
              </button>
            </li>
          ))}
        </ul>
      )}
      <ChatBox talk={talk} chat={chat} />
      <ChatSettings talk={talk} chat={chat} />
    </div>
  );
}

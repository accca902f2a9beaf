import type { VNode } from 'preact';
import type { Chat, ChatState } from '../session/store.ts';
import { number } from './format.ts';

/** How freely the model writes, and how long. */
export function ChatSettings({ talk, chat }: { readonly talk: ChatState; readonly chat: Chat }): VNode {
  const { temperature, maxNewTokens } = chat.settings.value;
  const set = (change: Partial<Chat['settings']['value']>): void => {
    chat.settings.value = { ...chat.settings.value, ...change };
  };
  return (
    <div class="chat-foot">
      <details>
        <summary>How it writes</summary>
        <label class="field">
          <span>Freedom: {temperature === 0 ? 'none, always the same' : number(temperature)}</span>
          <input
            type="range"
            min="0"
            max="1.5"
            step="0.1"
            value={temperature}
            onInput={(event) => set({ temperature: Number(event.currentTarget.value) })}
          />
        </label>
        <label class="field">
          <span>Longest answer: {maxNewTokens} tokens</span>
          <input
            type="range"
            min="16"
            max={Math.max(32, talk.contextTokens)}
            step="16"
            value={maxNewTokens}
            onInput={(event) => set({ maxNewTokens: Number(event.currentTarget.value) })}
          />
        </label>
        <p class="soft">
          {talk.usedTokens} of {talk.contextTokens} tokens are in use; what is older is left out.
        </p>
      </details>
      <button
        type="button"
        class="link"
        disabled={talk.messages.length === 0}
        onClick={() => chat.clear()}
        data-testid="chat-clear"
      >
        New
      </button>
    </div>
  );
}

import type { VNode } from 'preact';
import type { Storage } from '../session/store.ts';
import { Confirm } from './confirm.tsx';
import { ago, bytes, bytesOf } from './format.ts';
import { Bar } from './progress.tsx';

/** How much room the stored layers take, of how much the browser allows. */
export function StoredRoom({ stored: { kind, usedBytes, quotaBytes } }: { readonly stored: Storage }): VNode {
  const words = quotaBytes === null ? `${bytes(usedBytes)} used` : `${bytesOf(usedBytes, quotaBytes)} used`;
  return (
    <>
      <p class="soft">
        {kind === 'disk'
          ? 'Layers that came once are kept, so that they need not come again. When room is short, those used longest ago go first.'
          : 'This browser keeps nothing for this page: layers stay in memory until the page is closed, and come again next time. A private window or a full disk may be why.'}
      </p>
      <div class="stored-room" data-testid="stored-room" data-kind={kind}>
        <p>{words}</p>
        {quotaBytes !== null && quotaBytes > 0 && (
          <Bar share={usedBytes / quotaBytes} label="Room used" words={words} role="meter" />
        )}
      </div>
    </>
  );
}

/** What is stored of each model, and the way to give its room back. */
export function StoredModels({
  models,
  clear,
}: {
  readonly models: Storage['models'];
  readonly clear: (label?: string) => Promise<void>;
}): VNode {
  const now = Date.now();
  if (models.length === 0) return <p class="stored-none">Nothing is stored.</p>;
  return (
    <>
      <ul class="stored-models">
        {models.map(({ label, bytes: size, usedAt }) => (
          <li key={label} data-testid="stored-model">
            <p class="stored-name">
              <b>{label}</b>
              <span class="soft">
                {bytes(size)}, used {ago(usedAt, now)}
              </span>
            </p>
            <Confirm words="Clear" what={label} question="Clear it?" act={() => clear(label)} />
          </li>
        ))}
      </ul>
      {models.length > 1 && (
        <div class="stored-all">
          <Confirm words="Clear all" question="Clear all of it?" act={() => clear()} />
        </div>
      )}
      <p class="soft">What runs now goes on. What is cleared comes again when it is needed.</p>
    </>
  );
}

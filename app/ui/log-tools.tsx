import type { VNode } from 'preact';
import type { LogEntry } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { CopyButton } from './copy-button.tsx';
import { logText } from './log-text.ts';
import { SaveTrace } from './save-trace.tsx';

/** What can be taken away of what happened: the lines, and the trace behind them. */
export function LogTools({
  log,
  saveTrace,
}: {
  readonly log: readonly LogEntry[];
  readonly saveTrace: Actions['saveTrace'];
}): VNode {
  return (
    <>
      <CopyButton text={() => logText(log)} />
      <SaveTrace save={saveTrace} />
    </>
  );
}

import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Notice } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';

/** Good news goes by itself; it is in the log too. A warning stays until it is dismissed. */
const INFO_MS = 8000;

interface Props {
  readonly notices: readonly Notice[];
  readonly dismiss: Actions['dismiss'];
}

/** Things a person should know now. The regions are always there, so that screen readers hear what appears. */
export function Notices({ notices, dismiss }: Props): VNode {
  const urgent = (notice: Notice): boolean => notice.tone === 'bad';
  const line = (notice: Notice): VNode => <NoticeLine key={notice.id} notice={notice} dismiss={dismiss} />;
  return (
    <div class="notices">
      <div role="alert">{notices.filter(urgent).map(line)}</div>
      <div role="status">{notices.filter((notice) => !urgent(notice)).map(line)}</div>
    </div>
  );
}

function NoticeLine({
  notice,
  dismiss,
}: {
  readonly notice: Notice;
  readonly dismiss: Actions['dismiss'];
}): VNode {
  useEffect(() => {
    if (notice.tone !== 'info') return;
    const timer = setTimeout(() => dismiss(notice.id), INFO_MS);
    return () => clearTimeout(timer);
  }, [notice.id]);
  return (
    <div class="notice" data-tone={notice.tone} data-testid="notice">
      <span>{notice.message}</span>
      <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
        ✕
      </button>
    </div>
  );
}

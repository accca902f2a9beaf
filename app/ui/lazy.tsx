import type { FunctionComponent, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/**
 * A view whose code comes when it is first shown: the page itself stays small. Until then `meanwhile` shows, or nothing;
 * where the code does not come, `without`.
 */
export function lazy<Props extends object>(
  load: () => Promise<FunctionComponent<Props>>,
  meanwhile?: FunctionComponent<Props>,
  without?: FunctionComponent<Props>,
): FunctionComponent<Props> {
  let loaded: FunctionComponent<Props> | undefined;
  return function Lazy(props: Props): VNode | null {
    const [View, setView] = useState<FunctionComponent<Props> | undefined>(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (View) return;
      // A chunk that does not come is a server that is gone, which the page tells already.
      void load().then(
        (view) => {
          loaded = view;
          setView(() => view);
        },
        () => setFailed(true),
      );
    }, [View]);
    const Shown = View ?? (failed ? without : meanwhile);
    return Shown ? <Shown {...props} /> : null;
  };
}

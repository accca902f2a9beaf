// Loaded into the server before it starts: memory is compared between moments without garbage.
process.on('SIGUSR2', () => (globalThis as { gc?: () => void }).gc?.());

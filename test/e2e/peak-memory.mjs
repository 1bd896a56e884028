// Preloaded: says on stderr how much memory the process had at most, MiB.
process.on('exit', () => {
  process.stderr.write(`peak ${Math.round(process.resourceUsage().maxRSS / 1024)}\n`);
});

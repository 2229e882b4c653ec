<?php
/**
 * Splits 13 commands over TypeScript and Python workers, shows how far they are, and adds up what they found. Whether a worker is a
 * class of the fleet or a script with BRPOP makes no difference here: a task goes to a name, and its completion comes back.
 */
require __DIR__ . '/../classic/agent.php';

const COMMANDS = [
    'dead-links' => 'audit', 'secrets' => 'audit', 'duplicate-files' => 'audit', 'untested-sources' => 'audit',
    'long-code' => 'audit', 'merge-markers' => 'audit', 'encoding' => 'audit',
    'json-syntax' => 'py-audit', 'python-syntax' => 'py-audit', 'long-lines' => 'py-audit',
    'trailing-spaces' => 'py-audit', 'final-newline' => 'py-audit', 'mixed-indent' => 'py-audit',
];
const SILENCE = 60; // seconds without any broadcast after which something is wrong

$agent = new ClassicAgent($argv[1] ?? 'php');
$folder = realpath($argv[2] ?? '.');
if ($folder === false || !is_dir($folder)) {
    fwrite(STDERR, "expected a folder to audit, got: {$argv[2]}\n");
    exit(64);
}

$broadcasts = $agent->listenBroadcast(SILENCE); // before the first task, so that no completion is missed
$commands = [];
foreach (COMMANDS as $command => $assignee) {
    $commands[$agent->enqueueTask('audit', $assignee, ['command' => $command, 'folder' => $folder])] = $command;
}
printf("%d commands over %s\n", count($commands), $folder);

$results = $failures = $quarters = [];
foreach ($broadcasts as ['message' => $message, 'metadata' => $metadata]) {
    [$what, $taskId] = explode(': ', $message, 2) + [1 => ''];
    $command = $commands[$taskId] ?? null;
    if ($command === null || isset($results[$command]) || isset($failures[$command])) continue; // not ours, or told already
    if ($what === 'Task progress') {
        $quarter = intdiv(4 * $metadata['done'], max(1, $metadata['total']));
        if ($quarter > 0 && $quarter < 4 && $quarter > ($quarters[$command] ?? 0)) {
            printf("        %-17s %d of %d files\n", $command, $metadata['done'], $metadata['total']);
        }
        $quarters[$command] = $quarter;
        continue;
    }
    if ($what === 'Task completed') $results[$command] = $agent->completion($taskId)['result'];
    if ($what === 'Task failed') $failures[$command] = $metadata['error'];
    $done = count($results) + count($failures);
    $end = isset($results[$command]) ? "{$results[$command]['findings']} findings, by {$results[$command]['by']}" : "failed: {$failures[$command]}";
    printf("[%2d/%d] %-17s %s\n", $done, count($commands), $command, $end);
    if ($done === count($commands)) break;
}

echo "\n";
foreach ($results as $command => $result) {
    if ($result['findings'] > 0) printf("%-17s %4d  %s\n", $command, $result['findings'], $result['worst']);
}
foreach (['TypeScript', 'Python'] as $language) {
    $of = array_filter($results, fn ($result) => $result['language'] === $language);
    printf("%-17s %4d findings of %d commands by %d workers\n", $language, array_sum(array_column($of, 'findings')), count($of),
        count(array_unique(array_column($of, 'by'))));
}
printf("%-17s %4d findings of %d commands, %d failed\n", 'all', array_sum(array_column($results, 'findings')), count($results), count($failures));
exit($failures === [] ? 0 : 1);

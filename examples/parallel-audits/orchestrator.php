<?php
/**
 * Splits 13 commands over TypeScript and Python workers, shows how far they are, and adds up what they found. Whether a worker is a
 * class of the fleet or a script with BRPOP makes no difference here: a task goes to a name, and its completion comes back.
 * Usage: orchestrator.php NAME FOLDER
 */
require __DIR__ . '/../classic/agent.php';

const COMMANDS = [
    'dead-links' => 'audit', 'secrets' => 'audit', 'duplicate-files' => 'audit', 'untested-sources' => 'audit',
    'long-code' => 'audit', 'merge-markers' => 'audit', 'encoding' => 'audit',
    'json-syntax' => 'py-audit', 'python-syntax' => 'py-audit', 'long-lines' => 'py-audit',
    'trailing-spaces' => 'py-audit', 'final-newline' => 'py-audit', 'mixed-indent' => 'py-audit',
];
const SILENCE = 60; // seconds without any broadcast after which something is wrong

[, $name, $place] = $argv + [1 => 'php', 2 => '.'];
$folder = realpath($place);
if ($folder === false || !is_dir($folder)) {
    fwrite(STDERR, "expected a folder to audit, got: $place\n");
    exit(64);
}

$agent = new ClassicAgent($name);
$broadcasts = $agent->listenBroadcast(SILENCE); // before the first task, so that no end of one is missed
$commands = [];
foreach (COMMANDS as $command => $assignee) {
    $commands[$agent->enqueueTask('audit', $assignee, ['command' => $command, 'folder' => $folder])] = $command;
}
printf("%d commands over %s\n", count($commands), $folder);

$results = $failures = [];
foreach ($broadcasts as ['message' => $message, 'metadata' => $metadata]) {
    [$what, $taskId] = explode(': ', $message, 2) + [1 => ''];
    $command = $commands[$taskId] ?? null;
    if ($command === null) continue; // somebody else's
    if ($what === 'Task progress') showProgress($command, $metadata);
    if ($what === 'Task completed') $results[$command] = $agent->completion($taskId)['result'];
    if ($what === 'Task failed') $failures[$command] = $metadata['error'];
    if ($what === 'Task completed' || $what === 'Task failed') showEnd($command, $results, $failures);
    if (count($results) + count($failures) === count($commands)) break;
}
showSums($results, $failures);
exit($failures === [] ? 0 : 1);

/** A line for each quarter of a command that takes long enough to be watched. */
function showProgress(string $command, array $progress): void
{
    static $shown = [];
    ['done' => $done, 'total' => $total] = $progress;
    $quarter = intdiv(4 * $done, max(1, $total));
    if ($quarter > ($shown[$command] ?? 0) && $quarter < 4) printf("        %-17s %d of %d files\n", $command, $done, $total);
    $shown[$command] = $quarter;
}

function showEnd(string $command, array $results, array $failures): void
{
    $number = count($results) + count($failures);
    $end = isset($results[$command])
        ? "found {$results[$command]['findings']}, by {$results[$command]['by']}"
        : "failed: {$failures[$command]}";
    printf("[%2d/%d] %-17s %s\n", $number, count(COMMANDS), $command, $end);
}

function showSums(array $results, array $failures): void
{
    $findings = fn (array $of): int => array_sum(array_column($of, 'findings'));
    echo "\n";
    foreach ($results as $command => $result) {
        if ($result['findings'] > 0) printf("%-17s %4d  %s\n", $command, $result['findings'], $result['worst']);
    }
    foreach (['TypeScript', 'Python'] as $language) {
        $of = array_filter($results, fn (array $result): bool => $result['language'] === $language);
        $workers = array_unique(array_column($of, 'by'));
        printf("%-17s %4d findings of %d commands by %d workers\n", $language, $findings($of), count($of), count($workers));
    }
    printf("%-17s %4d findings of %d commands, %d failed\n", 'all', $findings($results), count($results), count($failures));
}

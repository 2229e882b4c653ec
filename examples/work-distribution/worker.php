<?php
/**
 * Gives pages their contents before they are released, and tests them afterwards. Usage: worker.php NAME
 */
require __DIR__ . '/../classic/agent.php';

/** The page with a list of its headings below the title. */
function updateDocs(array $page): array
{
    $contents = '';
    foreach ($page['headings'] as $heading) {
        $anchor = str_replace(' ', '-', preg_replace('/[^a-z0-9 _-]/', '', strtolower($heading)));
        $contents .= "- [$heading](#$anchor)\n";
    }
    [$title, $rest] = explode("\n", file_get_contents($page['source']), 2);
    $draft = "{$page['site']}/drafts/" . basename($page['source']);
    file_put_contents($draft, "$title\n\n{$contents}{$rest}");
    return ['draft' => $draft];
}

/** Is what stands in the site what was deployed, with every heading in its contents? */
function test(array $page): array
{
    $text = file_get_contents($page['page']);
    if (hash('sha256', $text) !== $page['sha256']) throw new Exception("{$page['page']} is not what was deployed");
    $missing = array_filter($page['headings'], fn ($heading) => !str_contains($text, "- [$heading](#"));
    if ($missing !== []) throw new Exception("{$page['page']} does not list " . implode(', ', $missing));
    return ['tested' => true];
}

const STAGES = ['update-docs' => 'updateDocs', 'test' => 'test'];

$agent = new ClassicAgent($argv[1] ?? 'php-1');
while (true) {
    $task = $agent->nextTask(['php-worker', 'tester']);
    if ($task === null) continue;
    ['taskId' => $id, 'task' => $stage, 'metadata' => $page] = $task;
    try {
        $found = (STAGES[$stage] ?? throw new Exception("expected a stage that I know, got: $stage"))($page);
        $agent->completeTask($id, [...$page, ...$found, 'done' => [...$page['done'], "$stage by {$agent->id}"]]);
    } catch (Throwable $error) { // whoever waits for it is told, and the worker goes on
        $agent->failTask($id, $error->getMessage());
    }
}

<?php

// Asks the panel's own framework what it makes of requests.
//
// Usage: php panel-request.php AUTOLOAD... < JSON
// Input:  {"routes": [[method, path], ...], "requests": [{"variables": {name: text}, "body": text}, ...]}
//         Characters stand for bytes.
// Output: [{"route": index or null, "key": text or null, "include": value}, ...], one for each request: the route it
//         takes, the bearer token it finds, and what it is asked to include.

declare(strict_types=1);

use Illuminate\Http\Request;
use Illuminate\Routing\Route;
use Illuminate\Routing\RouteCollection;
use Symfony\Component\HttpFoundation\Request as BaseRequest;
use Symfony\Component\HttpKernel\Exception\HttpExceptionInterface;

foreach (array_slice($argv, 1) as $autoload) {
    require $autoload;
}

$input = json_decode(stream_get_contents(STDIN), true, flags: JSON_THROW_ON_ERROR);

$routes = new RouteCollection();
foreach ($input['routes'] as $index => [$method, $path]) {
    $methods = $method === 'GET' ? ['GET', 'HEAD'] : [$method];
    $routes->add((new Route($methods, $path, ['uses' => static fn () => null, 'as' => (string) $index])));
}

// As the panel's front controller does.
Request::enableHttpMethodParameterOverride();

$bytes = static fn (string $text): string => mb_convert_encoding($text, 'ISO-8859-1', 'UTF-8');

$answers = [];
foreach ($input['requests'] as ['variables' => $variables, 'body' => $body]) {
    $server = array_map($bytes, $variables);
    parse_str($server['QUERY_STRING'], $query);
    // PHP reads forms of a POST; its framework reads those of some other methods.
    $isForm = str_starts_with($server['CONTENT_TYPE'], 'application/x-www-form-urlencoded');
    $fields = [];
    if ($isForm && in_array(strtoupper($server['REQUEST_METHOD']), ['POST', 'PUT', 'DELETE', 'PATCH'], true)) {
        parse_str($bytes($body), $fields);
    }
    $answer = ['route' => null, 'key' => null, 'include' => null];
    try {
        $base = new BaseRequest($query, $fields, [], [], [], $server, $bytes($body));
        $request = Request::createFromBase($base);
        $answer['key'] = $request->bearerToken();
        $answer['include'] = $request->input('include');
        // To OPTIONS it answers by itself, with a route that has no name.
        $name = $routes->match($request)->getName();
        $answer['route'] = $name === null ? null : (int) $name;
    } catch (HttpExceptionInterface | UnexpectedValueException | RuntimeException) {
        // No route, or a request that is refused before any is looked for.
    }
    $answers[] = $answer;
}

echo json_encode($answers, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);

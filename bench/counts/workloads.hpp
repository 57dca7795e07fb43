#pragma once

/// The work whose instructions are counted. Each function does it `n` times,
/// besides what it prepares once: the cost of one time is a difference between
/// two runs.
namespace betanet::counts {

/// Parses the three bodies of a service.
void parse(int n);

/// Renders the page of 100 targets after the snapshots of all have changed.
void render(int n);

/// The measure of `render`: prometheus-cpp's serializer writes the families of
/// its page.
void serialize(int n);

/// Answers a scrape over a kept connection with a page that is ready.
void scrape(int n);

/// A request for the body of an endpoint over a kept connection to a server of
/// ours, both of which are counted.
void fetch(int n);

/// A collection of one target by the actors of its group: three polls whose
/// transports answer at once.
void collect(int n);

} // namespace betanet::counts

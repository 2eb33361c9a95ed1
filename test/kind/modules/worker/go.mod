module muster.dev/test/worker

go 1.21

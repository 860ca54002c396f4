#include "vnuma/vnuma.h"
int main(void)
{
	return 2;
}
